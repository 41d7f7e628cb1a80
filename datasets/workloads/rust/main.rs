//! A small server of thumbnails: enough code to need the crates that its Cargo.toml names.
use std::{convert::Infallible, net::SocketAddr, path::PathBuf, sync::Arc};

use clap::Parser;
use hyper::{
    service::{make_service_fn, service_fn},
    Body, Request, Response, Server,
};
use rayon::prelude::*;
use serde::Serialize;

#[derive(Parser)]
struct Options {
    #[arg(long, default_value_t = 8080)]
    port: u16,
    pictures: Vec<PathBuf>,
}

#[derive(Clone, Serialize)]
struct Thumbnail {
    name: String,
    width: u32,
    height: u32,
    mean: [f64; 3],
}

fn thumbnail(path: &PathBuf) -> Option<Thumbnail> {
    let picture = image::open(path).ok()?.thumbnail(320, 240).to_rgb8();
    let pixels = f64::from(picture.width() * picture.height());
    let sums = picture.pixels().fold([0.0; 3], |sum: [f64; 3], pixel| {
        [sum[0] + f64::from(pixel[0]), sum[1] + f64::from(pixel[1]), sum[2] + f64::from(pixel[2])]
    });
    Some(Thumbnail {
        name: path.display().to_string(),
        width: picture.width(),
        height: picture.height(),
        mean: sums.map(|sum| sum / pixels),
    })
}

async fn answer(request: Request<Body>, thumbnails: Arc<Vec<Thumbnail>>, pages: Arc<tera::Tera>) -> Result<Response<Body>, Infallible> {
    if request.uri().path().ends_with(".json") {
        return Ok(Response::new(Body::from(serde_json::to_string(&*thumbnails).unwrap_or_default())));
    }
    let mut context = tera::Context::new();
    context.insert("thumbnails", &*thumbnails);
    Ok(Response::new(Body::from(pages.render("list", &context).unwrap_or_else(|error| error.to_string()))))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let thumbnails: Arc<Vec<_>> = Arc::new(options.pictures.par_iter().filter_map(thumbnail).collect());
    let mut pages = tera::Tera::default();
    pages.add_raw_template("list", "{% for one in thumbnails %}<li>{{ one.name }} {{ one.width }}x{{ one.height }}</li>{% endfor %}")?;
    let pages = Arc::new(pages);
    let service = make_service_fn(move |_| {
        let (thumbnails, pages) = (thumbnails.clone(), pages.clone());
        async move { Ok::<_, Infallible>(service_fn(move |request| answer(request, thumbnails.clone(), pages.clone()))) }
    });
    Server::bind(&SocketAddr::from(([127, 0, 0, 1], options.port))).serve(service).await?;
    Ok(())
}
