//! Folders of PNG and JPEG files: a row for each, in the order of their names.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, StringViewArray};
use datafusion::arrow::datatypes::DataType;
use image::{DynamicImage, ImageReader, Limits, imageops::FilterType};

use super::stat;
use super::typed::{Typed, batch};
use crate::mapping::Picture;
use crate::{Error, SourceFault};

/// Rows of a record batch.
const BATCH_ROWS: usize = 256;
/// Folders within folders.
const DEPTH_MAX: usize = 8;
/// Greatest side of a file, and bytes that decoding it may take.
const SIDE_MAX: u32 = 1 << 14;
const DECODED_MAX: u64 = 1 << 30;
/// More numbers of a row than these no study takes.
const NUMBERS_MAX: u32 = 1 << 16;

/// How all images are made alike.
#[derive(Clone, Copy)]
struct Form {
    width: u32,
    height: u32,
    channels: u8,
    /// Whether others are made to have this size.
    resize: bool,
}

/// `file`, its path within the folder; and `pixel_1` and so on from 0 to 255, row by row, each pixel
/// with its channels.
pub(super) fn open(folder: &Path, asked: Picture) -> Result<Typed, Error> {
    let mut files = Vec::new();
    find(folder, 0, &mut files)?;
    files.sort();
    let Some(first) = files.first() else {
        return Err(fault(folder, SourceFault::NoImages));
    };
    let form = form(first, asked)?;
    let numbers = form.width * form.height * u32::from(form.channels);
    if numbers > NUMBERS_MAX {
        return Err(fault(first, SourceFault::LargeImage(numbers)));
    }
    let pixels = (1..=numbers).map(|i| (format!("pixel_{i}"), DataType::Int64));
    let columns = [("file".to_owned(), DataType::Utf8View)].into_iter().chain(pixels);
    let (rows, folder) = (files.len() as u64, folder.to_owned());
    Ok(Typed::new(columns, rows, move |schema, take| {
        for (at, files) in (0..).step_by(BATCH_ROWS).zip(files.chunks(BATCH_ROWS)) {
            let images: Vec<Vec<u8>> =
                files.iter().map(|file| read(file, form)).collect::<Result<_, _>>()?;
            let name = |file: &PathBuf| {
                let inside = file.strip_prefix(&folder).unwrap_or(file);
                inside.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
            };
            let names = StringViewArray::from_iter_values(files.iter().map(name));
            let mut columns: Vec<ArrayRef> = vec![Arc::new(names)];
            for pixel in 0..numbers as usize {
                let values = images.iter().map(|image| i64::from(image[pixel]));
                columns.push(Arc::new(Int64Array::from_iter_values(values)));
            }
            if !take(batch(schema, columns, at + 1)) {
                break;
            }
        }
        Ok(())
    }))
}

fn find(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    if !stat(folder)?.is_dir() {
        return Err(fault(folder, SourceFault::NotAFolder));
    }
    let unreadable = |error| Error::File { path: folder.to_owned(), error };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        if matches!(extension.as_deref(), Some("png" | "jpg" | "jpeg")) {
            files.push(path);
        } else if depth < DEPTH_MAX && path.is_dir() {
            find(&path, depth + 1, files)?;
        }
    }
    Ok(())
}

/// That which was asked for; what nobody said is as in the first image.
fn form(first: &Path, asked: Picture) -> Result<Form, Error> {
    let resize = asked.size.is_some();
    let (size, channels) = match (asked.size, asked.channels) {
        (Some(size), Some(channels)) => (size, channels),
        (size, channels) => {
            let image = decode(first)?;
            let own = if image.color().has_color() { 3 } else { 1 };
            (size.unwrap_or([image.height(), image.width()]), channels.unwrap_or(own))
        }
    };
    let [height, width] = size;
    Ok(Form { width, height, channels, resize })
}

fn decode(file: &Path) -> Result<DynamicImage, Error> {
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(SIDE_MAX), Some(SIDE_MAX));
    limits.max_alloc = Some(DECODED_MAX);
    let opened = ImageReader::open(file).and_then(ImageReader::with_guessed_format);
    let mut reader = opened.map_err(|error| Error::File { path: file.to_owned(), error })?;
    reader.limits(limits);
    reader.decode().map_err(|error| fault(file, SourceFault::Image(error.to_string())))
}

fn read(file: &Path, form: Form) -> Result<Vec<u8>, Error> {
    let mut image = decode(file)?;
    if (image.width(), image.height()) != (form.width, form.height) {
        if !form.resize {
            let [expected, got] = [[form.height, form.width], [image.height(), image.width()]];
            return Err(fault(file, SourceFault::OtherSize { expected, got }));
        }
        image = image.resize_exact(form.width, form.height, FilterType::Triangle);
    }
    Ok(match form.channels {
        1 => image.into_luma8().into_raw(),
        _ => image.into_rgb8().into_raw(),
    })
}

fn fault(path: &Path, fault: SourceFault) -> Error {
    Error::Source { place: path.display().to_string(), line: None, fault }
}
