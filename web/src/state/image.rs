//! Pictures as files. An SVG is shown and painted as an image, so nothing in it can run.

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement};

use super::dom;

/// Device pixels for each pixel of the picture: sharp on screens and in print.
const SHARP: u32 = 2;
/// No canvas is wider or higher than browsers take.
const MOST: u32 = 8_192;

/// The address of an SVG as an image.
pub fn address(svg: &str) -> String {
    let text = js_sys::encode_uri_component(svg);
    format!("data:image/svg+xml,{}", String::from(text))
}

/// Offers an SVG as a PNG file. `None` if the browser cannot paint it.
pub async fn save_png(name: &str, svg: &str) -> Option<()> {
    let canvas = paint(svg).await?;
    let made = js_sys::Promise::new(&mut |resolve, _| {
        let _ = canvas.to_blob(&resolve);
    });
    let blob: Blob = JsFuture::from(made).await.ok()?.dyn_into().ok()?;
    dom::save_blob(name, &blob);
    Some(())
}

/// An SVG as a PNG, as its address `data:…`. `None` if the browser cannot paint it.
pub async fn png_address(svg: &str) -> Option<String> {
    // An empty canvas has an address, too.
    paint(svg).await?.to_data_url_with_type("image/png").ok().filter(|address| address.len() > "data:,".len())
}

/// An SVG on a canvas: [`SHARP`], or smaller where the canvas would be too large.
async fn paint(svg: &str) -> Option<HtmlCanvasElement> {
    let image = HtmlImageElement::new().ok()?;
    image.set_src(&address(svg));
    JsFuture::from(image.decode()).await.ok()?;
    let (width, height) = (f64::from(image.natural_width()), f64::from(image.natural_height()));
    let scale = f64::from(SHARP).min(f64::from(MOST) / width.max(height).max(1.0));
    let size = |length: f64| (length * scale).floor().max(1.0);
    let document = dom::window()?.document()?;
    let canvas: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
    canvas.set_width(size(width) as u32);
    canvas.set_height(size(height) as u32);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context
        .draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, size(width), size(height))
        .ok()?;
    Some(canvas)
}
