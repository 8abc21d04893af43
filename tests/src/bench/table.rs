//! The figures as a table that fits a page of text and a README alike.

use super::figures::{Figure, Goal, Report, Spread};

/// The whole table, with a line about the machine above it.
pub(super) fn of(report: &Report) -> String {
    let head = ["figure", "ours: median (min–max)", "peer", "theirs", "ratio", "goal", ""];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(report.figures.iter().map(row));
    let mut widths = [0; 7];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut lines: Vec<String> = rows.iter().map(|row| line(row, &widths)).collect();
    let under: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    lines.insert(1, format!("| {} |", under.join(" | ")));
    format!("{}\n\n{}\n", report.machine, lines.join("\n"))
}

fn line(row: &[String; 7], widths: &[usize; 7]) -> String {
    let cells: Vec<String> =
        row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
    format!("| {} |", cells.join(" | "))
}

fn row(figure: &Figure) -> [String; 7] {
    let goal = match figure.goal {
        Some(Goal::RatioAtMost(most)) => format!("ratio ≤ {most}"),
        Some(Goal::AtMost(most)) => format!("≤ {most} {}", figure.unit),
        None => String::new(),
    };
    let verdict = match figure.reached() {
        Some(true) => "reached",
        Some(false) => "MISSED",
        None => "",
    };
    [
        figure.figure.clone(),
        format!("{} {}", spread(figure.ours), figure.unit),
        figure.peer.clone().unwrap_or_default(),
        figure
            .theirs
            .map(|theirs| format!("{} {}", spread(theirs), figure.unit))
            .unwrap_or_default(),
        figure.ratio.map(|ratio| format!("{:.3}", ratio.median)).unwrap_or_default(),
        goal,
        verdict.to_owned(),
    ]
}

fn spread(spread: Spread) -> String {
    format!("{} ({}–{})", number(spread.median), number(spread.min), number(spread.max))
}

/// As many digits as say something.
fn number(value: f64) -> String {
    if value.fract() == 0.0 || value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::machine::Machine;
    use super::*;

    #[test]
    fn a_missed_goal_is_said_and_every_line_is_as_long() {
        let ratio = Some(Goal::RatioAtMost(0.5));
        let figures = [
            Figure::beside("request to painted", "ms", &[30.0], "zenity", &[40.0], ratio),
            Figure::alone("start", "ms", &[123.456], Some(300.0)),
            Figure::alone("yes to answer", "ms", &[1.5], None),
        ];
        let figures = figures.into_iter().flatten().collect();
        let text = of(&Report { name: "prompt", machine: Machine::default(), figures });
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert!(lines[2].contains("| 0.750 | ratio ≤ 0.5 | MISSED"), "{text}");
        assert!(lines[3].contains("123 (123–123) ms") && lines[3].contains("reached"), "{text}");
        assert!(!lines[4].contains("reached") && !lines[4].contains("MISSED"), "{text}");
        let length = lines[0].chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == length), "{text}");
    }
}
