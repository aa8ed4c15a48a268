//! Listening, connections, stopping.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use hyper::body::Incoming as HyperBody;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::route::{self, Fate, Incoming};
use super::world::World;

/// The largest request that is read.
const LARGEST: usize = 4 << 20;
/// How long a stop waits for requests in flight.
const GRACE: Duration = Duration::from_millis(500);

/// The accepting task.
#[derive(Debug)]
pub(crate) struct Server {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves `world` on `listener` from now on.
    pub(crate) fn spawn(world: Arc<World>, listener: TcpListener, tls: Option<TlsAcceptor>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(accept(world, listener, tls, stopped));
        Self { stop, task }
    }

    /// Stops accepting, lets requests in flight finish for a moment, and ends.
    pub(crate) async fn stop(mut self) {
        let _ = self.stop.send(true);
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(
    world: Arc<World>,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let _ = stream.set_nodelay(true);
                let (world, tls, stopped) = (Arc::clone(&world), tls.clone(), stopped.clone());
                connections.spawn(async move {
                    match tls {
                        None => serve(world, stream, stopped).await,
                        Some(tls) => if let Ok(stream) = tls.accept(stream).await {
                            serve(world, stream, stopped).await;
                        },
                    }
                });
            }
        }
    }
    drop(listener);
    let finish = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, finish).await;
}

async fn serve<S>(world: Arc<World>, stream: S, mut stopped: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(Arc::clone(&world), request));
    let builder = Builder::new(TokioExecutor::new());
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let result = tokio::select! {
        result = connection.as_mut() => result,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a sandbox connection ended");
    }
}

/// The error that makes hyper drop the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("a fault dropped the connection")]
struct Dropped;

async fn answer(world: Arc<World>, request: Request<HyperBody>) -> Result<Response<Body>, Dropped> {
    let (head, body) = request.into_parts();
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut incoming = Incoming {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        authorization: header("authorization"),
        client_request_id: header("client-request-id").or_else(|| header("x-ms-client-request-id")),
        correlation_request_id: header("x-ms-correlation-request-id"),
        consistency: header("consistencylevel"),
        content_type: header("content-type"),
        body: Vec::new(),
        batch: None,
    };
    match to_bytes(Body::new(body), LARGEST).await {
        Ok(bytes) => incoming.body = bytes.to_vec(),
        Err(_) => {
            let refused = Response::builder().status(413).body(Body::empty());
            return refused.map_err(|_| Dropped);
        }
    }
    world.base.sleep(world.options.latency).await;
    let fate = route::handle(&world, &incoming);
    match fate {
        Fate::Drop => Err(Dropped),
        Fate::Stall(seconds) => {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Err(Dropped)
        }
        Fate::Answer(reply) => {
            let mut response = Response::builder().status(reply.status);
            for (name, value) in &reply.headers {
                response = response.header(*name, value);
            }
            if reply.text.is_some() {
                response = response.header("content-type", "text/html");
            } else if reply.body.is_some() || reply.raw.is_some() {
                response = response.header("content-type", "application/json; charset=utf-8");
            }
            response.body(Body::from(route::bytes(&reply))).map_err(|_| Dropped)
        }
    }
}
