//! Lists every command of the book. A command that is not listed here could be called by any
//! window; one that is listed can be called by none until a file in `capabilities/` grants it.
//! Exports the one symbol of ours that libraries are to find.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=../ui");
    println!("cargo:rerun-if-changed=../icons");
    // The libraries must find our `dlopen` (`src/modules.rs`); the linker exports nothing by itself.
    println!("cargo:rustc-link-arg-bins=-Wl,--export-dynamic-symbol=dlopen");
    let manifest = tauri_build::AppManifest::new().commands(&["book", "look", "ask"]);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))?;
    Ok(())
}
