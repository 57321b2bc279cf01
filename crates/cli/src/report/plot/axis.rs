//! Places of numbers along a line, and the round ones among them.

/// From numbers to places.
pub(super) struct Axis {
    range: [f64; 2],
    places: [f64; 2],
    logarithmic: bool,
}

impl Axis {
    /// An axis over these numbers; none if there is nothing to show, or a number that a
    /// logarithmic axis cannot.
    pub(super) fn over(
        numbers: impl IntoIterator<Item = f64>,
        places: [f64; 2],
        logarithmic: bool,
    ) -> Option<Self> {
        let far = [f64::INFINITY, f64::NEG_INFINITY];
        let [low, high] = numbers.into_iter().fold(far, |[low, high], x| [low.min(x), high.max(x)]);
        if !(low.is_finite() && high.is_finite()) || (logarithmic && low <= 0.0) {
            return None;
        }
        let range = match (low == high, logarithmic) {
            (false, _) => [low, high],
            (true, true) => [low / 2.0, high * 2.0],
            (true, false) => [low - 1.0, high + 1.0],
        };
        Some(Self { range, places, logarithmic })
    }

    /// The place of a number.
    pub(super) fn at(&self, x: f64) -> f64 {
        let scale = |x: f64| if self.logarithmic { x.ln() } else { x };
        let [low, high] = self.range.map(scale);
        let [from, to] = self.places;
        from + (to - from) * (scale(x) - low) / (high - low)
    }

    /// Some three to ten round numbers within the range, with how they are written.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let [low, high] = self.range;
        if self.logarithmic && high / low >= 4.0 {
            return logarithmic([low, high]);
        }
        let wanted = (high - low) / 5.0;
        let power = 10f64.powf(wanted.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
        let step = step.into_iter().find(|step| *step >= wanted).unwrap_or(wanted);
        let [first, last] = [(low / step).ceil() as i64, (high / step).floor() as i64];
        let digits = (-step.log10().floor()).max(0.0) as usize;
        let tick = |i: i64| (i as f64 * step, format!("{:.digits$}", i as f64 * step));
        (first..=last).map(tick).collect()
    }
}

fn logarithmic([low, high]: [f64; 2]) -> Vec<(f64, String)> {
    let decades = (high / low).log10();
    let within: &[f64] = match decades {
        d if d < 3.0 => &[1.0, 2.0, 5.0],
        _ => &[1.0],
    };
    let every = (decades / 8.0).ceil().max(1.0) as i32;
    let [first, last] = [low.log10().floor() as i32, high.log10().ceil() as i32];
    let ticks = (first..=last).filter(|power| power % every == 0).flat_map(|power| {
        within.iter().map(move |of| {
            let digits = (-power).max(0) as usize;
            let tick = of * 10f64.powi(power);
            (tick, if power.abs() < 7 { format!("{tick:.digits$}") } else { format!("{tick:e}") })
        })
    });
    ticks.filter(|(tick, _)| (low..=high).contains(tick)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(numbers: [f64; 2], logarithmic: bool) -> Vec<String> {
        let axis = Axis::over(numbers, [0.0, 100.0], logarithmic).expect("an axis");
        axis.ticks().into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round_numbers_within_the_range() {
        assert_eq!(written([0.0, 1.0], false), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(written([-3.0, 12.0], false), ["0", "5", "10"]);
        assert_eq!(written([0.4, 60.0], true), ["0.5", "1", "2", "5", "10", "20", "50"]);
        assert_eq!(written([1.0, 2.0], true), ["1.0", "1.2", "1.4", "1.6", "1.8", "2.0"]);
    }

    #[test]
    fn places_keep_proportions_also_of_a_single_number() {
        let linear = Axis::over([0.0, 10.0], [100.0, 0.0], false).expect("an axis");
        assert_eq!([0.0, 2.5, 10.0].map(|x| linear.at(x)), [100.0, 75.0, 0.0]);
        let ratios = Axis::over([0.25, 4.0], [0.0, 100.0], true).expect("an axis");
        assert!((ratios.at(1.0) - 50.0).abs() < 1e-9);
        assert_eq!(Axis::over([3.0], [0.0, 100.0], false).expect("an axis").at(3.0), 50.0);
    }

    #[test]
    fn what_has_no_place_has_no_axis() {
        assert!(Axis::over([], [0.0, 1.0], false).is_none());
        assert!(Axis::over([0.0, 1.0], [0.0, 1.0], true).is_none());
        assert!(Axis::over([f64::INFINITY], [0.0, 1.0], false).is_none());
    }
}
