//! Whether a gamma ramp leaves dark text apart from a light page: without the display.

/// A screen that is dimmed is at least this bright (of 65,535).
const DIMMED: u16 = 8192;
/// The middle half of what is drawn is at least this part of the brightest apart.
const APART: u16 = 8;

/// Whether the ramps of a screen leave dark text apart from a light page. Blue is not looked at: a
/// night light may take all of it, and dark and light are still apart by red and green. A screen that
/// has nothing but zeros was given no ramps, as those that are watched over a network; a real one
/// shows nothing at all with them, so nobody can be misled about a part.
pub(super) fn shows_text([red, green, blue]: [&[u16]; 3]) -> bool {
    let none = [red, green, blue].into_iter().flatten().all(|value| *value == 0);
    none || (readable(red) && readable(green))
}

/// Any client may set one for any value that is drawn: also one that maps the value of our text, and
/// no other, to that of our page. So it must rise all the way, and keep the middle apart. A night
/// light and a dimmed screen do.
fn readable(ramp: &[u16]) -> bool {
    let quarter = ramp.len() / 4;
    let (Some(dark), Some(light), Some(brightest)) =
        (ramp.get(quarter), ramp.get(3 * quarter), ramp.last())
    else {
        // The screen has no ramp.
        return true;
    };
    ramp.is_sorted() && *brightest >= DIMMED && light.saturating_sub(*dark) >= brightest / APART
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(of: impl Fn(f64) -> f64) -> Vec<u16> {
        (0..256).map(|step| (of(f64::from(step) / 255.0) * 65_535.0) as u16).collect()
    }

    #[test]
    fn what_people_set_is_readable() {
        assert!(readable(&[]), "a screen without a ramp");
        assert!(readable(&ramp(|value| value)));
        for gamma in [0.4, 0.6, 1.5, 2.4] {
            assert!(readable(&ramp(|value| value.powf(gamma))), "gamma {gamma}");
        }
        assert!(readable(&ramp(|value| value * 0.2)), "dimmed");
        assert!(readable(&ramp(|value| value * 0.55)), "the green of a night light");
    }

    #[test]
    fn a_night_light_is_no_attack_and_one_colour_that_is_gone_is() {
        let (plain, zero) = (ramp(|value| value), ramp(|_| 0.0));
        assert!(shows_text([&plain, &plain, &zero]));
        assert!(shows_text([&zero, &zero, &zero]), "never set");
        assert!(!shows_text([&zero, &plain, &plain]));
        assert!(!shows_text([&plain, &zero, &zero]));
    }

    #[test]
    fn what_hides_text_is_not() {
        assert!(!readable(&ramp(|_| 0.0)), "black");
        assert!(!readable(&ramp(|_| 1.0)), "white");
        assert!(!readable(&ramp(|value| value * 0.01)), "all but black");
        let text = |value: f64| if (0.1..0.2).contains(&value) { 0.98 } else { value };
        assert!(!readable(&ramp(text)), "the value of our text is that of our page");
        assert!(!readable(&ramp(|value| if value > 0.05 { 1.0 } else { 0.0 })), "text is white");
        assert!(
            !readable(&ramp(|value| if value < 0.99 { 0.0 } else { 1.0 })),
            "the page is black"
        );
    }
}
