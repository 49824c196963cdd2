//! The REST sample service: pets, in two versions.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /pets` | 200 `{"version", "pets": [...]}` |
//! | `GET /pets/{id}` | 200, the pet and `"version"`; 404 `application/problem+json` |
//! | `POST /pets` with a JSON object | 201 with `location`: the object, with its new `"id"` and `"version"` |
//! | `GET /healthz` | 200 `{"version", "status": "ok"}` |
//!
//! Every answer, errors too, carries `x-served-by: pets-v1` or `pets-v2`. Version 2 adds the field
//! `age` (years, or null where unknown) to each pet.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use serde_json::{Map, Value, json};

/// Pets kept at most; the oldest posted one makes room. A load test must not fill the memory.
const CAPACITY: usize = 1000;

/// Which version of the service to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Version {
    /// `v1`: pets have `id`, `name` and `kind`.
    V1,
    /// `v2`: pets have `age` as well.
    V2,
}

impl Version {
    /// As it stands in the answers' JSON: `v1`, `v2`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }

    /// The value of `x-served-by`.
    #[must_use]
    pub fn served_by(self) -> &'static str {
        match self {
            Self::V1 => "pets-v1",
            Self::V2 => "pets-v2",
        }
    }
}

type Pet = Map<String, Value>;

struct Store {
    version: Version,
    pets: Mutex<Shelf>,
}

struct Shelf {
    pets: BTreeMap<u64, Pet>,
    next_id: u64,
}

/// The service's routes, with a store of its own.
pub fn router(version: Version) -> Router {
    let store = Arc::new(Store {
        version,
        pets: Mutex::new(Shelf::stocked(version)),
    });
    let served_by = HeaderValue::from_static(version.served_by());
    Router::new()
        .route("/pets", get(list).post(add))
        .route("/pets/{id}", get(show))
        .route("/healthz", get(health))
        .fallback(no_such_path)
        .layer(middleware::map_response(move |mut response: Response| {
            response
                .headers_mut()
                .insert("x-served-by", served_by.clone());
            async { response }
        }))
        .with_state(store)
}

async fn list(State(store): State<Arc<Store>>) -> Response {
    let pets: Vec<Value> = store
        .shelf()
        .pets
        .iter()
        .map(|(id, pet)| Value::Object(with_id(*id, pet)))
        .collect();
    Json(json!({ "version": store.version.name(), "pets": pets })).into_response()
}

async fn show(State(store): State<Arc<Store>>, Path(id): Path<String>) -> Response {
    let id_and_pet = id
        .parse()
        .ok()
        .and_then(|id| Some((id, store.shelf().pets.get(&id)?.clone())));
    match id_and_pet {
        Some((id, pet)) => Json(store.versioned(with_id(id, &pet))).into_response(),
        None => store.problem(StatusCode::NOT_FOUND, "no such pet"),
    }
}

async fn add(State(store): State<Arc<Store>>, pet: Result<Json<Pet>, JsonRejection>) -> Response {
    let pet = match pet {
        Ok(Json(pet)) => pet,
        Err(rejection) => return store.problem(rejection.status(), &rejection.body_text()),
    };
    let (id, pet) = store.shelf().add(pet, store.version);
    let location = [(header::LOCATION, format!("/pets/{id}"))];
    (
        StatusCode::CREATED,
        location,
        Json(store.versioned(with_id(id, &pet))),
    )
        .into_response()
}

async fn health(State(store): State<Arc<Store>>) -> Response {
    Json(json!({ "version": store.version.name(), "status": "ok" })).into_response()
}

async fn no_such_path(State(store): State<Arc<Store>>) -> Response {
    store.problem(StatusCode::NOT_FOUND, "no such path")
}

fn with_id(id: u64, pet: &Pet) -> Pet {
    let mut shown = pet.clone();
    shown.insert("id".into(), id.into());
    shown
}

impl Store {
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.pets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn versioned(&self, mut answer: Pet) -> Pet {
        answer.insert("version".into(), self.version.name().into());
        answer
    }

    /// RFC 9457.
    fn problem(&self, status: StatusCode, title: &str) -> Response {
        let problem =
            json!({ "version": self.version.name(), "status": status.as_u16(), "title": title });
        let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, content_type, problem.to_string()).into_response()
    }
}

impl Shelf {
    fn stocked(version: Version) -> Self {
        let mut shelf = Self {
            pets: BTreeMap::new(),
            next_id: 1,
        };
        for (name, kind, age) in [("Rex", "dog", 4), ("Tom", "cat", 7), ("Kiki", "parrot", 31)] {
            let mut pet = Pet::from_iter([
                ("name".to_owned(), Value::from(name)),
                ("kind".to_owned(), Value::from(kind)),
            ]);
            if version == Version::V2 {
                pet.insert("age".into(), age.into());
            }
            shelf.add(pet, version);
        }
        shelf
    }

    fn add(&mut self, mut pet: Pet, version: Version) -> (u64, Pet) {
        if version == Version::V2 {
            pet.entry("age").or_insert(Value::Null);
        }
        if self.pets.len() >= CAPACITY {
            self.pets.pop_first();
        }
        let id = self.next_id;
        self.next_id += 1;
        self.pets.insert(id, pet.clone());
        (id, pet)
    }
}
