//! Numbers with a place.

/// The shape of an image: numbers row by row, each pixel with its channels. Numbers without a
/// place are the channels of one pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Numbers at each pixel.
    pub channels: usize,
}

impl Image {
    /// Numbers without a place.
    #[must_use]
    pub fn flat(len: usize) -> Self {
        Self { height: 1, width: 1, channels: len }
    }

    /// Numbers in it.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no image is empty")]
    pub fn len(self) -> usize {
        self.height * self.width * self.channels
    }

    /// Whether its numbers have places.
    pub(crate) fn has_places(self) -> bool {
        self.height * self.width > 1
    }

    pub(crate) fn after(
        self,
        kernel: usize,
        stride: usize,
        padding: usize,
        channels: usize,
    ) -> Self {
        let [height, width] =
            [self.height, self.width].map(|len| (len + 2 * padding - kernel) / stride + 1);
        Self { height, width, channels }
    }

    /// For each square its numbers, by row, column and channel; zeros beyond the image.
    pub(crate) fn squares(self, x: &[f64], [kernel, stride, padding]: [usize; 3]) -> Vec<Vec<f64>> {
        let Self { height, width, .. } = self.after(kernel, stride, padding, 1);
        let at = |row: usize, column: usize, channel: usize| {
            let (row, column) = (row.checked_sub(padding)?, column.checked_sub(padding)?);
            let inside = row < self.height && column < self.width;
            inside.then(|| x[(row * self.width + column) * self.channels + channel])
        };
        let square = |i: usize, j: usize| {
            let mut square = Vec::with_capacity(kernel * kernel * self.channels);
            for (a, b) in (0..kernel).flat_map(|a| (0..kernel).map(move |b| (a, b))) {
                let pixel = (i * stride + a, j * stride + b);
                square.extend(
                    (0..self.channels).map(|of| at(pixel.0, pixel.1, of).unwrap_or_default()),
                );
            }
            square
        };
        (0..height)
            .flat_map(|i| (0..width).map(move |j| (i, j)))
            .map(|(i, j)| square(i, j))
            .collect()
    }

    /// A number for each channel of each square.
    pub(crate) fn pooled(self, x: &[f64], size: usize, of: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        let squares = self.squares(x, [size, size, 0]);
        let channel = |square: &Vec<f64>, channel: usize| {
            square.iter().skip(channel).step_by(self.channels).copied().collect::<Vec<f64>>()
        };
        let each = squares.iter().flat_map(|square| (0..self.channels).map(move |c| (square, c)));
        each.map(|(square, c)| of(&channel(square, c))).collect()
    }

    /// Where the numbers stand if channels come first, as other tools have them: of each place
    /// there, the place here.
    pub(crate) fn channels_first(self) -> Vec<usize> {
        let pixels = self.height * self.width;
        let place = |at: usize| at % pixels * self.channels + at / pixels;
        (0..self.len()).map(place).collect()
    }
}
