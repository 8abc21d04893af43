//! The empty program that `placet status` is compared with: what starting any program costs.

fn main() {}
