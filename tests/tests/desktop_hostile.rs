//! How the real program's prompt looks in a home and an environment that mean ill, pixel by pixel
//! against one that does not: settings, style, fonts, icons, variables (design §2, §6).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod desktop_support;

use desktop_support::{SOON, alone, ask, desktop, start};
use placet_stage::desktop::{Node, Session, State};
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};

/// What stands on every prompt for this question, wherever and whenever it is asked.
const SAME: &[&str] = &["Deny", "git push origin v2", "In the agent's own words (not checked)"];

/// Where these stand, and how they look.
type Picture = Vec<(String, i32, i32, Vec<u8>)>;

/// Starts the program with these variables, asks, and takes pictures.
fn prompt(session: &Session, variables: &[(&str, &str)]) -> Picture {
    let mut command = desktop(session);
    command.envs(variables.to_vec());
    let program = start(session, command);
    let asked = ask(session, "agent");
    let eyes = session.eyes().unwrap();
    let complete = |windows: &[Node]| {
        let window = windows.iter().find(|window| window.is(State::Showing))?;
        let found: Vec<Node> = SAME
            .iter()
            .filter_map(|name| window.find(|node| node.name == *name && node.is(State::Showing)))
            .cloned()
            .collect();
        (found.len() == SAME.len()).then_some(found)
    };
    let look = || -> Picture {
        let nodes = eyes.until("placet", SOON, complete).unwrap();
        let taken = nodes.iter().map(|node| {
            let place = node.place.unwrap();
            (node.name.clone(), place.width, place.height, pixels(session, node))
        });
        taken.collect()
    };
    // Until it stands still: it is painted after it is there to be read.
    let begun = std::time::Instant::now();
    let mut last = look();
    loop {
        std::thread::sleep(std::time::Duration::from_millis(300));
        let next = look();
        if next == last
            && next.iter().all(|one| one.3.chunks(4).any(|pixel| pixel[..3] != one.3[..3]))
        {
            break;
        }
        last = next;
        assert!(begun.elapsed() < SOON, "it never stands still");
    }
    asked.stop();
    program.stop();
    last
}

fn pixels(session: &Session, node: &Node) -> Vec<u8> {
    let place = node.place.unwrap();
    let (x, y) = (i16::try_from(place.x).unwrap(), i16::try_from(place.y).unwrap());
    let (screen, size) = (session.screen(), (place.width as u16, place.height as u16));
    let format = ImageFormat::Z_PIXMAP;
    let taken =
        screen.connection().get_image(format, screen.root(), x, y, size.0, size.1, u32::MAX);
    taken.unwrap().reply().unwrap().data
}

fn same(plain: &Picture, hostile: &Picture) {
    for (one, other) in plain.iter().zip(hostile) {
        assert_eq!((&one.0, one.1, one.2), (&other.0, other.1, other.2), "another size");
        assert!(one.3 == other.3, "{} looks different", one.0);
    }
}

const SETTINGS: &str = "[Settings]\ngtk-theme-name=HighContrastInverse\ngtk-font-name=Monospace 31\n\
    gtk-xft-dpi=30000\ngtk-icon-theme-name=Hostile\ngtk-application-prefer-dark-theme=1\n\
    gtk-xft-antialias=0\ngtk-key-theme-name=Emacs\ngtk-im-module=xim\n";

const STYLE: &str = "* { color: transparent; background: #ff00ff; font-size: 1px; opacity: 0.1; }";

/// Every family becomes one of letters of the same width.
const FONTS: &str = r#"<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include>/etc/fonts/fonts.conf</include>
<match target="pattern"><edit name="family" mode="assign" binding="strong"><string>DejaVu Sans Mono</string></edit>
<edit name="size" mode="assign" binding="strong"><double>31</double></edit></match>
</fontconfig>"#;

const ICONS: &str = "[Icon Theme]\nName=Hostile\nDirectories=16\n\n[16]\nSize=16\nType=Scalable\n\
    MinSize=1\nMaxSize=512\n";

const RED: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"><rect width="16" height="16" fill="#ff00ff"/></svg>"##;

/// Files that an agent can leave in the home of its user.
fn prepare(session: &Session) {
    let write = |path: &str, text: &str| session.write_home(path, text.as_bytes()).unwrap();
    write(".config/gtk-3.0/settings.ini", SETTINGS);
    write(".config/gtk-3.0/gtk.css", STYLE);
    write(".local/share/themes/Adwaita/gtk-3.0/gtk.css", STYLE);
    write(".themes/Adwaita/gtk-3.0/gtk.css", STYLE);
    write(".config/fontconfig/fonts.conf", FONTS);
    write(".fonts.conf", FONTS);
    for root in [".icons", ".local/share/icons"] {
        for theme in ["Hostile", "hicolor", "Adwaita"] {
            write(&format!("{root}/{theme}/index.theme"), ICONS);
            for icon in
                ["dialog-warning-symbolic", "placet", "pan-end-symbolic", "window-close-symbolic"]
            {
                write(&format!("{root}/{theme}/16/{icon}.svg"), RED);
            }
        }
    }
}

/// The family that an ordinary program of the user gets for text.
fn family(session: &Session, variables: &[(&str, &str)]) -> String {
    let mut command = session.command("fc-match").unwrap();
    let output =
        command.args(["-f", "%{family}", "sans"]).envs(variables.to_vec()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn m2_no_settings_style_font_or_icon_of_the_users_home_changes_a_pixel() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let plain = prompt(&session, &[]);
    prepare(&session);
    assert!(family(&session, &[]).contains("DejaVu Sans Mono"), "the trap does not work");
    same(&plain, &prompt(&session, &[]));
}

#[test]
fn m2_no_variable_of_the_toolkit_changes_a_pixel() {
    let _alone = alone();
    let session = Session::builder().start().unwrap();
    let plain = prompt(&session, &[]);
    let fonts = session.write_home("hostile/fonts.conf", FONTS.as_bytes()).unwrap();
    session.write_home("hostile/gtk-3.0/settings.ini", SETTINGS.as_bytes()).unwrap();
    session.write_home("hostile/gtk-3.0/gtk.css", STYLE.as_bytes()).unwrap();
    let (fonts, folder) = (fonts.to_str().unwrap(), session.home().join("hostile"));
    let folder = folder.to_str().unwrap();
    assert!(
        family(&session, &[("FONTCONFIG_FILE", fonts)]).contains("DejaVu Sans Mono"),
        "the trap does not work"
    );
    let variables = [
        ("FONTCONFIG_FILE", fonts),
        ("FONTCONFIG_PATH", folder),
        ("XDG_CONFIG_HOME", folder),
        ("XDG_CONFIG_DIRS", folder),
        ("XDG_DATA_HOME", folder),
        ("XDG_DATA_DIRS", folder),
        ("GTK_THEME", "HighContrastInverse"),
        ("GTK_DATA_PREFIX", folder),
        ("GTK_EXE_PREFIX", folder),
        ("GTK_PATH", folder),
        ("GTK_RC_FILES", folder),
        ("GTK_IM_MODULE", "xim"),
        ("GTK_DEBUG", "interactive,layout,no-css-cache"),
        ("GTK_TEST_TOUCHSCREEN", "1"),
        ("GTK_INSPECTOR_DISPLAY", ":0"),
        ("GTK_CSD", "1"),
        ("GTK_OVERLAY_SCROLLING", "0"),
        ("GDK_BACKEND", "broadway"),
        ("GDK_SCALE", "2"),
        ("GDK_DPI_SCALE", "2"),
        ("GDK_DEBUG", "updates"),
        ("GDK_RENDERING", "image"),
        ("GDK_CORE_DEVICE_EVENTS", "1"),
        ("GDK_PIXBUF_MODULE_FILE", fonts),
        ("PANGO_LANGUAGE", "ja"),
        ("G_DEBUG", "fatal-warnings"),
        ("GSETTINGS_BACKEND", "keyfile"),
        ("GSETTINGS_SCHEMA_DIR", folder),
        ("WEBKIT_INSPECTOR_SERVER", "127.0.0.1:9998"),
        ("WEBKIT_INSPECTOR_HTTP_SERVER", "127.0.0.1:9997"),
        ("TAURI_AUTOMATION", "true"),
        ("TAURI_WEBVIEW_AUTOMATION", "true"),
    ];
    same(&plain, &prompt(&session, &variables));
    // Nobody listens who would debug it.
    for port in [9997, 9998] {
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err(), "{port} is open");
    }
}
