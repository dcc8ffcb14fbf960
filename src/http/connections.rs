//! Connections, and those who hold one without using it.
//!
//! A process may open so many files, and each connection is one. The library ends a connection whose first request
//! does not come; everything else that a client can put off (the second request, the rest of a body, taking the
//! answer) is bounded here, below the library, so that no route has to think of it:
//!
//! - Whose turn it is is known ([`Turn`]). While it is the client's, the connection ends after a while.
//! - An answer has to be taken, as a whole at least at [`Limits::rate`].
//! - When all seats are taken, the slowest makes room: whoever trickles gives way to whoever comes.
//! - Of bodies that keep the portal waiting there may be so many, in all and from one network ([`Bodies`]).

use crate::authn::throttle::network;
use crate::error::{Error, Result};
use crate::platform::config::Limits;
use actix_web::rt::net::TcpStream;
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// Whose turn it is on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The client's: to ask, or to take the answer.
    Clients,
    /// Ours: a request is at work.
    Ours,
    /// The client's, and a request waits for its body; how long is the business of whoever reads it.
    Body,
}

/// All connections that are open.
pub struct Connections {
    limits: Limits,
    /// The beginning of the time by which they are measured.
    epoch: Instant,
    next: AtomicU64,
    open: Mutex<BTreeMap<u64, Arc<Seat>>>,
    /// The bodies that are waited for.
    pub bodies: Arc<Bodies>,
}

impl Connections {
    /// None yet.
    pub fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            limits: limits.clone(),
            epoch: Instant::now(),
            next: AtomicU64::new(0),
            open: Mutex::default(),
            bodies: Arc::new(Bodies {
                most: limits.bodies,
                most_per_network: limits.bodies_per_network,
                held: Mutex::default(),
            }),
        })
    }

    /// The most that the system is asked for. Further ones wait in its queue.
    pub fn most(&self) -> usize {
        self.limits.connections + SPARE + BURST
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        held(&self.open).len()
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Takes a connection in. When there is no seat and nobody can be asked to make room, it is closed at once.
    pub fn take(self: &Arc<Self>, io: TcpStream) -> io::Result<Connection> {
        let now = self.micros();
        let seat = Arc::new(Seat {
            number: self.next.fetch_add(1, Ordering::Relaxed),
            since: now,
            moved: AtomicU64::new(0),
            turned: AtomicU64::new(now),
            turn: AtomicU8::new(Turn::Clients as u8),
            is_to_go: AtomicBool::new(false),
            waker: Mutex::default(),
            all: self.clone(),
        });
        let mut open = held(&self.open);
        let is_full = |open: &BTreeMap<u64, Arc<Seat>>| {
            open.len() >= self.limits.connections
                && open.values().filter(|seat| !seat.is_to_go()).count() >= self.limits.connections
        };
        if is_full(&open) {
            let young = u64::try_from(self.limits.young.as_micros()).unwrap_or(u64::MAX);
            let slowest = open
                .values()
                .filter(|seat| {
                    !seat.is_to_go() && seat.turn() != Turn::Ours && now - seat.since.min(now) >= young
                })
                .min_by_key(|seat| seat.pace(now));
            // Those who were asked to go are not gone yet: there is a bound to that, too.
            let Some(slowest) = slowest.filter(|_| open.len() < self.limits.connections + SPARE) else {
                metrics::counter!("licentral_connections_refused_total").increment(1);
                return Err(io::ErrorKind::ConnectionRefused.into());
            };
            slowest.go();
            metrics::counter!("licentral_connections_ended_for_room_total").increment(1);
        }
        open.insert(seat.number, seat.clone());
        drop(open);
        Ok(Connection {
            io,
            seat,
            wake_up: None,
            blocked_since: None,
            owed: Duration::ZERO,
        })
    }
}

/// So many may be on their way out while others are let in.
const SPARE: usize = 32;
/// And so many may have come before anybody has looked.
const BURST: usize = 32;

/// What is known of one connection.
pub struct Seat {
    number: u64,
    since: u64,
    /// Bytes, in both directions.
    moved: AtomicU64,
    /// When the turn last changed, or the client last took something.
    turned: AtomicU64,
    turn: AtomicU8,
    is_to_go: AtomicBool,
    waker: Mutex<Option<Waker>>,
    all: Arc<Connections>,
}

impl Seat {
    /// Says whose turn it is.
    pub fn set_turn(&self, turn: Turn) {
        self.turn.store(turn as u8, Ordering::Relaxed);
        self.turned.store(self.all.micros(), Ordering::Relaxed);
    }

    fn turn(&self) -> Turn {
        match self.turn.load(Ordering::Relaxed) {
            0 => Turn::Clients,
            1 => Turn::Ours,
            _ => Turn::Body,
        }
    }

    /// Ends the connection before anything more is read or written.
    pub fn hang_up(&self) {
        self.go();
    }

    fn is_to_go(&self) -> bool {
        self.is_to_go.load(Ordering::Relaxed)
    }

    fn go(&self) {
        self.is_to_go.store(true, Ordering::Relaxed);
        if let Some(waker) = held(&self.waker).take() {
            waker.wake();
        }
    }

    /// Bytes in a second, since it was opened.
    fn pace(&self, now: u64) -> u64 {
        let age = now.saturating_sub(self.since).max(1);
        self.moved.load(Ordering::Relaxed).saturating_mul(1_000_000) / age
    }

    fn moves(&self, bytes: usize) {
        self.moved
            .fetch_add(u64::try_from(bytes).unwrap_or_default(), Ordering::Relaxed);
    }
}

/// A turn that is ours until this is dropped, however the request ends.
pub struct OurTurn(Arc<Seat>);

impl OurTurn {
    /// Begins.
    pub fn begin(seat: &Arc<Seat>) -> Self {
        seat.set_turn(Turn::Ours);
        Self(seat.clone())
    }
}

impl Drop for OurTurn {
    fn drop(&mut self) {
        self.0.set_turn(Turn::Clients);
    }
}

/// A connection whose client is not waited for without end.
pub struct Connection {
    io: TcpStream,
    seat: Arc<Seat>,
    wake_up: Option<Pin<Box<Sleep>>>,
    /// Since when the client has not taken what was written.
    blocked_since: Option<Instant>,
    /// For how long it did not, before, less what it has taken since.
    owed: Duration,
}

impl Connection {
    /// Its seat, for whoever handles its requests.
    pub fn seat(&self) -> Arc<Seat> {
        self.seat.clone()
    }

    fn limits(&self) -> &Limits {
        &self.seat.all.limits
    }

    /// The task is woken after this time at the latest, or when it has to make room.
    fn wake_after(&mut self, wait: Duration, cx: &mut Context<'_>) {
        *held(&self.seat.waker) = Some(cx.waker().clone());
        if self.seat.is_to_go() {
            cx.waker().wake_by_ref();
        }
        let at = tokio::time::Instant::now() + wait;
        let sleep = self
            .wake_up
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        sleep.as_mut().reset(at);
        if sleep.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
    }

    fn may_stay(&self) -> io::Result<()> {
        if self.seat.is_to_go() {
            Err(io::ErrorKind::ConnectionAborted.into())
        } else {
            Ok(())
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.may_stay()?;
        let before = buf.filled().len();
        if let Poll::Ready(done) = Pin::new(&mut self.io).poll_read(cx, buf) {
            self.seat.moves(buf.filled().len() - before);
            return Poll::Ready(done);
        }
        let most = self.limits().idle;
        let waited = match self.seat.turn() {
            Turn::Clients => Duration::from_micros(
                self.seat
                    .all
                    .micros()
                    .saturating_sub(self.seat.turned.load(Ordering::Relaxed)),
            ),
            Turn::Ours | Turn::Body => Duration::ZERO,
        };
        if waited >= most {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        // While an answer waits to be taken, that is the nearer end.
        if self.blocked_since.is_none() {
            self.wake_after(most.saturating_sub(waited), cx);
        }
        Poll::Pending
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.may_stay()?;
        if let Poll::Ready(done) = Pin::new(&mut self.io).poll_write(cx, buf) {
            if let Some(since) = self.blocked_since.take() {
                self.owed += since.elapsed();
            }
            if let Ok(bytes) = done {
                self.owed = self.owed.saturating_sub(self.limits().time_for(bytes));
                self.seat.moves(bytes);
                self.seat.turned.store(self.seat.all.micros(), Ordering::Relaxed);
            }
            return Poll::Ready(done);
        }
        let waited = self.owed + self.blocked_since.get_or_insert_with(Instant::now).elapsed();
        let most = self.limits().patience;
        if waited >= most {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.wake_after(most.saturating_sub(waited), cx);
        Poll::Pending
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        held(&self.seat.all.open).remove(&self.seat.number);
    }
}

/// The bodies that keep the portal waiting, counted.
pub struct Bodies {
    most: usize,
    most_per_network: usize,
    held: Mutex<HashMap<String, usize>>,
}

/// A place among the bodies that are waited for.
pub struct Place {
    bodies: Arc<Bodies>,
    network: String,
}

impl Bodies {
    /// How many let wait.
    pub fn count(&self) -> usize {
        held(&self.held).values().sum()
    }

    /// A place for a client, unless all are taken.
    pub fn place(self: &Arc<Self>, address: &str) -> Result<Place> {
        let network = network(address);
        let mut places = held(&self.held);
        let all: usize = places.values().sum();
        let own = places.get(&network).copied().unwrap_or_default();
        if all >= self.most || own >= self.most_per_network {
            return Err(Error::TooMany {
                retry_after: Duration::from_secs(30),
            });
        }
        places.insert(network.clone(), own + 1);
        drop(places);
        Ok(Place {
            bodies: self.clone(),
            network,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = held(&self.bodies.held);
        if let Some(own) = places.get_mut(&self.network) {
            *own -= 1;
            if *own == 0 {
                places.remove(&self.network);
            }
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_in_all_and_for_each_network_and_given_back() {
        let limits = Limits {
            bodies: 3,
            bodies_per_network: 2,
            ..Limits::default()
        };
        let bodies = Connections::new(&limits).bodies.clone();
        let first = bodies.place("2001:db8::1").unwrap();
        let _second = bodies.place("2001:db8::2").unwrap();
        assert!(bodies.place("2001:db8::3").is_err(), "one network has its places");
        let third = bodies.place("203.0.113.1").unwrap();
        assert!(bodies.place("203.0.113.2").is_err(), "all are taken");
        drop(third);
        bodies.place("203.0.113.2").unwrap();
        drop(first);
        bodies.place("2001:db8::3").unwrap();
    }
}
