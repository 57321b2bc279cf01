//! Squares of pixels that slide over an image.

use super::super::network::Shape;

/// Where squares lie on an image.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) image: Shape,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
}

impl Window {
    /// Squares over each other and beside each other; none if the image is too small for one.
    pub(crate) fn places(&self) -> [usize; 2] {
        [self.image.height, self.image.width].map(|len| match self.kernel > 0 && self.stride > 0 {
            true => {
                (len + 2 * self.padding + self.stride).saturating_sub(self.kernel) / self.stride
            }
            false => 0,
        })
    }

    /// In how many squares a pixel lies at most.
    pub(crate) fn cover(&self) -> usize {
        let [rows, columns] = self.places();
        let once = self.kernel.div_ceil(self.stride);
        once.min(rows) * once.min(columns)
    }

    /// For each square, of its rows, columns and channels: the place in the image; none beyond it.
    pub(crate) fn pixels(&self) -> Vec<Option<usize>> {
        let Shape { height, width, channels } = self.image;
        let [down, across] = self.places();
        let mut found = Vec::with_capacity(down * across * self.kernel.pow(2) * channels);
        for (i, j) in pairs(down, across) {
            for (a, b) in pairs(self.kernel, self.kernel) {
                let row = (i * self.stride + a).checked_sub(self.padding);
                let column = (j * self.stride + b).checked_sub(self.padding);
                let inside =
                    row.zip(column).filter(|(row, column)| *row < height && *column < width);
                let pixel = inside.map(|(row, column)| (row * width + column) * channels);
                found.extend((0..channels).map(|channel| pixel.map(|pixel| pixel + channel)));
            }
        }
        found
    }

    /// For each pixel, of the rows and columns of a square: what came out where that lay over the
    /// pixel, of `channels` at each place; none if no square lay so.
    pub(crate) fn squares(&self, channels: usize) -> Vec<Option<usize>> {
        let [down, across] = self.places();
        let place = |at: usize, offset: usize, places: usize| {
            let from = (at + self.padding).checked_sub(offset)?;
            let place = from / self.stride;
            (from % self.stride == 0 && place < places).then_some(place)
        };
        let pixels = self.image.pixels();
        let mut found = Vec::with_capacity(pixels * self.kernel.pow(2) * channels);
        for (row, column) in pairs(self.image.height, self.image.width) {
            for (a, b) in pairs(self.kernel, self.kernel) {
                let square = place(row, a, down).zip(place(column, b, across));
                let first = square.map(|(i, j)| (i * across + j) * channels);
                found.extend((0..channels).map(|channel| first.map(|first| first + channel)));
            }
        }
        found
    }
}

fn pairs(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_holds_a_pixel_where_the_pixel_finds_the_square() {
        for (height, width, kernel, stride, padding) in
            [(4, 5, 3, 1, 0), (4, 5, 3, 1, 1), (5, 5, 2, 2, 0), (6, 7, 3, 2, 1), (1, 1, 1, 1, 0)]
        {
            let (channels, outputs) = (2, 3);
            let image = Shape { height, width, channels };
            let window = Window { image, kernel, stride, padding };
            let [down, across] = window.places();
            let (pixels, squares) = (window.pixels(), window.squares(outputs));
            assert_eq!(pixels.len(), down * across * kernel * kernel * channels);
            let mut found = vec![];
            for (at, pixel) in pixels.chunks(channels).enumerate() {
                if let Some(first) = pixel[0] {
                    let (square, offset) = (at / kernel.pow(2), at % kernel.pow(2));
                    let place = (first / channels * kernel.pow(2) + offset) * outputs;
                    assert_eq!(squares[place + 1], Some(square * outputs + 1));
                    found.push(place);
                }
            }
            let all = squares.iter().step_by(outputs).filter(|square| square.is_some()).count();
            assert_eq!(found.len(), all);
            let holds = |pixel: usize| pixels.iter().filter(|p| **p == Some(pixel)).count();
            let most = (0..image.len()).map(holds).max().unwrap();
            assert!(most <= window.cover(), "{most} {window:?}");
        }
    }
}
