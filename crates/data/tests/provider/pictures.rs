//! Images in folders, and arrays of NumPy, with labels beside them.

use std::fs;

use image::{GrayImage, ImageFormat, Luma, Rgb, RgbImage};
use sharewell_data::{Numbering, QualityReport};
use sharewell_study::{Kind, Measure, Table};

use crate::{Provider, column, integer, sum, table, total};

fn folder(provider: &Provider, name: &str) -> std::path::PathBuf {
    let folder = provider.path(name);
    fs::create_dir_all(&folder).expect("the directory is writable");
    folder
}

/// Two grey images of 2 x 3 in folders that tell their class, and one in colour elsewhere.
fn pictures() -> Provider {
    let provider = Provider::new();
    for (class, name, from) in [("night", "b.png", 10u8), ("day", "a.PNG", 100)] {
        let image = GrayImage::from_fn(3, 2, |x, y| Luma([from + (3 * y + x) as u8]));
        let path = folder(&provider, &format!("photos/{class}")).join(name);
        image.save_with_format(path, ImageFormat::Png).expect("saved");
    }
    let image = RgbImage::from_fn(4, 4, |x, _| Rgb([x as u8, 50, 200]));
    image.save(folder(&provider, "colours").join("c.png")).expect("saved");
    provider
}

fn agreed(pixels: usize) -> Table {
    let pixels = (1..=pixels).map(|i| column(&format!("pixel_{i}"), integer(0, 255)));
    table([column("class", Kind::Identifier)].into_iter().chain(pixels).collect())
}

const PHOTOS: &str = "source.t.path = \"photos\"\nsource.t.format = \"images\"\n\
    map.sql = \"SELECT split_part(file, '/', 1) AS class, t.* EXCEPT (file) FROM t\"";

fn report(provider: &Provider, mapping: &str, agreed: &Table) -> QualityReport {
    let read = provider.read_with(mapping, agreed).unwrap_or_else(|error| panic!("{error}"));
    read.report().clone()
}

#[track_caller]
fn refused(provider: &Provider, mapping: &str, agreed: &Table, parts: &[&str]) {
    let error = provider.read_with(mapping, agreed).expect_err(mapping).to_string();
    assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} not all in: {error}");
}

fn sums(provider: &Provider, mapping: &str, agreed: &Table, names: &[&str]) -> Vec<Option<i128>> {
    let read = provider.read_with(mapping, agreed).unwrap_or_else(|error| panic!("{error}"));
    total(&read, names.iter().map(|name| sum(name, 0)).collect::<Vec<Measure>>())
}

#[test]
fn a_folder_of_images_is_a_row_for_each_pixel_by_pixel() {
    let provider = pictures();
    let found = report(&provider, PHOTOS, &agreed(6));
    assert_eq!((found.rows_accepted, found.numbering), (2, Numbering::SourceRow));
    let found = sums(&provider, PHOTOS, &agreed(6), &["pixel_1", "pixel_3", "pixel_6"]);
    assert_eq!(found, [Some(110), Some(114), Some(120)]);
    let colours = "source.t.path = \"colours\"\nsource.t.format = \"images\"\n";
    let sql = "map.sql = \"SELECT file AS class, t.* EXCEPT (file) FROM t\"";
    let names = ["pixel_1", "pixel_2", "pixel_3", "pixel_46"];
    let found = sums(&provider, &format!("{colours}{sql}"), &agreed(48), &names);
    assert_eq!(found, [Some(0), Some(50), Some(200), Some(3)]);
    let small = format!("{colours}source.t.size = [1, 2]\nsource.t.channels = 1\n{sql}");
    assert_eq!(report(&provider, &small, &agreed(2)).rows_accepted, 1);
}

#[test]
fn what_is_no_image_or_another_size_is_named() {
    let provider = pictures();
    let image = GrayImage::new(5, 2);
    image.save(provider.path("photos/night/z.png")).expect("saved");
    refused(&provider, PHOTOS, &agreed(6), &["z.png", "2 x 5 pixels", "2 x 3", "`size`"]);
    let sized = format!("source.t.size = [2, 3]\n{PHOTOS}");
    assert_eq!(report(&provider, &sized, &agreed(6)).rows_accepted, 3);
    fs::write(provider.path("photos/night/z.png"), "no image").expect("written");
    refused(&provider, PHOTOS, &agreed(6), &["z.png", "cannot be read"]);
    let elsewhere = PHOTOS.replace("photos", "nowhere");
    refused(&provider, &elsewhere, &agreed(6), &["nowhere"]);
    folder(&provider, "nowhere");
    refused(&provider, &elsewhere, &agreed(6), &["nowhere", ".png, .jpg or .jpeg"]);
    let odd = format!("source.t.channels = 2\n{PHOTOS}");
    refused(&provider, &odd, &agreed(6), &["1 or 3 channels"]);
    let odd = format!("source.t.size = [2]\n{PHOTOS}");
    refused(&provider, &odd, &agreed(6), &["height and width"]);
}

/// As numpy.save writes it.
fn npy(kind: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if shape.starts_with('F') { "True" } else { "False" };
    let shape = shape.trim_start_matches('F');
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let len = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00".as_slice(), &len, header.as_bytes(), data].concat()
}

const ARRAYS: &str = "source.x.path = \"x.npy\"\nsource.x.columns = \"pixel\"\n\
    source.y.path = \"y.npy\"\n\
    map.sql = \"SELECT 'c' || y.value AS class, x.* EXCEPT (row) FROM x JOIN y ON x.row = y.row\"";

#[test]
fn arrays_of_numpy_are_joined_row_by_row() {
    let labels: Vec<u8> = [7i64, 9].iter().flat_map(|x| x.to_le_bytes()).collect();
    let provider = Provider::new()
        .file("x.npy", npy("|u1", "(2, 2, 2)", &[1, 2, 3, 4, 250, 251, 252, 253]))
        .file("y.npy", npy("<i8", "(2,)", &labels));
    let found = report(&provider, ARRAYS, &agreed(4));
    assert_eq!((found.rows_accepted, found.numbering), (2, Numbering::ResultRow));
    let found = sums(&provider, ARRAYS, &agreed(4), &["pixel_1", "pixel_4"]);
    assert_eq!(found, [Some(251), Some(257)]);
}

#[test]
fn what_is_no_array_of_rows_is_refused_with_its_reason() {
    let good = || Provider::new().file("y.npy", npy("|u1", "(2,)", &[1, 2]));
    for (bytes, part) in [
        (b"no array".to_vec(), "cannot be read"),
        (npy("|u1", "(2, 4)", &[1, 2, 3, 4, 5, 6, 7]), "ends too early"),
        (npy("|u1", "F(2, 2)", &[1, 2, 3, 4]), "ascontiguousarray"),
        (npy("|u1", "()", &[1]), "no rows"),
        (npy("<U4", "(1, 1)", &[0; 16]), "its type is"),
        (npy("|u1", "(0, 2)", &[]), "no rows"),
        (npy("|u1", "(1, 9223372036854775807)", &[]), "a row has"),
    ] {
        let provider = good().file("x.npy", bytes);
        refused(&provider, ARRAYS, &agreed(4), &["x.npy", part]);
    }
}
