//! Ceremonies with played keys (`placet_stage::key`) behind the library's `Token`, without a device.

mod ending;
mod lies;
mod pins;
mod played;
mod several;
mod signing;
mod silence;
