//! What was measured, and what was hoped for (design §8, "Results that a machine reads").
//!
//! **Promises.** A ratio is made of two figures of the same round, and its median is judged, not
//! the ratio of two medians: what slowed one round down slowed both of its halves.

use serde::{Serialize, Serializer};

use super::machine::Machine;

/// One benchmark.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    /// Its name.
    pub(super) name: &'static str,
    /// Where it was measured.
    pub(super) machine: Machine,
    /// In the order in which they are read.
    pub(super) figures: Vec<Figure>,
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Figure {
    /// What was measured, in a few words.
    pub(super) figure: String,
    /// `ms`, `MiB`, or `processes`.
    pub(super) unit: &'static str,
    /// Placet's.
    pub(super) ours: Spread,
    /// Who it is compared with.
    pub(super) peer: Option<String>,
    /// The peer's.
    pub(super) theirs: Option<Spread>,
    /// Ours divided by theirs, round by round.
    pub(super) ratio: Option<Spread>,
    /// What was hoped for.
    pub(super) goal: Option<Goal>,
}

/// What was hoped for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Goal {
    /// Of the ratio's median.
    RatioAtMost(f64),
    /// Of our median.
    AtMost(f64),
}

/// The least, the middle and the most of what was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Spread {
    #[serde(serialize_with = "rounded")]
    pub(super) min: f64,
    #[serde(serialize_with = "rounded")]
    pub(super) median: f64,
    #[serde(serialize_with = "rounded")]
    pub(super) max: f64,
}

/// More digits would claim more than a clock on a shared machine can tell.
fn rounded<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64((value * 1000.0).round() / 1000.0)
}

impl Spread {
    /// `None` of nothing.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let upper = *sorted.get(sorted.len() / 2)?;
        let lower = *sorted.get((sorted.len() - 1) / 2)?;
        Some(Self { min, median: f64::midpoint(lower, upper), max })
    }
}

impl Figure {
    /// A figure that stands for itself; `None` if it was never measured.
    pub(super) fn alone(
        figure: &str,
        unit: &'static str,
        ours: &[f64],
        goal: Option<f64>,
    ) -> Option<Self> {
        Some(Self {
            figure: figure.to_owned(),
            unit,
            ours: Spread::of(ours)?,
            peer: None,
            theirs: None,
            ratio: None,
            goal: goal.map(Goal::AtMost),
        })
    }

    /// A figure beside a peer's, measured in the same rounds; `None` if there are none.
    pub(super) fn beside(
        figure: &str,
        unit: &'static str,
        ours: &[f64],
        peer: &str,
        theirs: &[f64],
        goal: Option<Goal>,
    ) -> Option<Self> {
        let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(o, t)| o / t).collect();
        Some(Self {
            figure: figure.to_owned(),
            unit,
            ours: Spread::of(ours)?,
            peer: Some(peer.to_owned()),
            theirs: Some(Spread::of(theirs)?),
            ratio: Some(Spread::of(&ratios)?),
            goal,
        })
    }

    /// Whether the goal was reached, if there is one.
    pub(super) fn reached(&self) -> Option<bool> {
        match self.goal? {
            Goal::AtMost(most) => Some(self.ours.median <= most),
            Goal::RatioAtMost(most) => Some(self.ratio?.median <= most),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_is_between_two() {
        let of = |values: &[f64]| Spread::of(values).map(|s| (s.min, s.median, s.max));
        assert_eq!(of(&[3.0, 1.0, 2.0]), Some((1.0, 2.0, 3.0)));
        assert_eq!(of(&[4.0, 1.0, 2.0, 9.0]), Some((1.0, 3.0, 9.0)));
        assert_eq!(of(&[5.0]), Some((5.0, 5.0, 5.0)));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn a_slow_round_counts_once_and_not_against_a_fast_one() {
        // The machine was ten times slower in the second round, for both.
        let goal = Some(Goal::RatioAtMost(0.5));
        let figure = Figure::beside("f", "ms", &[1.0, 10.0, 1.0], "p", &[2.0, 20.0, 2.0], goal);
        let figure = figure.unwrap();
        assert_eq!(figure.ratio, Spread::of(&[0.5]));
        assert_eq!(figure.reached(), Some(true));
    }

    #[test]
    fn a_goal_is_reached_exactly_and_missed_above_and_none_is_neither() {
        let reached = |goal| Figure::alone("f", "ms", &[300.0], goal).unwrap().reached();
        assert_eq!(reached(Some(300.0)), Some(true));
        assert_eq!(reached(Some(299.9)), Some(false));
        assert_eq!(reached(None), None);
        let close = Figure::beside("f", "MiB", &[66.0], "p", &[50.0], Some(Goal::RatioAtMost(1.3)));
        assert_eq!(close.unwrap().reached(), Some(false));
    }

    #[test]
    fn what_was_not_measured_is_no_figure() {
        assert_eq!(Figure::alone("f", "ms", &[], Some(1.0)), None);
        assert_eq!(Figure::beside("f", "ms", &[1.0], "not installed", &[], None), None);
    }

    #[test]
    fn the_file_has_the_members_that_the_contract_names() {
        let goal = Some(Goal::RatioAtMost(0.5));
        let beside = Figure::beside("request to painted", "ms", &[1.00049], "zenity", &[4.0], goal);
        let alone = Figure::alone("start", "ms", &[2.0], Some(300.0));
        let figures = vec![beside.unwrap(), alone.unwrap()];
        let report = Report { name: "prompt", machine: Machine::default(), figures };
        let json = serde_json::to_value(&report).unwrap();
        let spread = |value: f64| serde_json::json!({"min": value, "median": value, "max": value});
        assert_eq!(json["name"], "prompt");
        assert!(json["machine"].is_object());
        assert_eq!(
            json["figures"],
            serde_json::json!([
                {
                    "figure": "request to painted", "unit": "ms", "ours": spread(1.0),
                    "peer": "zenity", "theirs": spread(4.0), "ratio": spread(0.25),
                    "goal": {"ratio_at_most": 0.5},
                },
                {
                    "figure": "start", "unit": "ms", "ours": spread(2.0),
                    "peer": null, "theirs": null, "ratio": null,
                    "goal": {"at_most": 300.0},
                },
            ])
        );
    }
}
