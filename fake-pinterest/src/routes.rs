//! Answers requests: faults first, then tokens and limits, then data.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, Method, Uri, header},
    response::Response,
};
use tokio::time::Instant;

use crate::{
    answer::{Answer, ApiError, json_response, with_header},
    auth::Tokens,
    connection::ResetHandle,
    data::{Data, Kind, Stored},
    faults::{Effect, Faults, Mishap},
    operation::{self, Operation, Serves},
    paging::{self, Paging},
    query::{Query, check_id},
    rate_limit::RateLimits,
    requests::{Bearer, Requests, SeenRequest},
};

/// Everything the server knows.
pub(crate) struct Server {
    pub(crate) data: Data,
    pub(crate) tokens: Tokens,
    pub(crate) limits: RateLimits,
    pub(crate) requests: Requests,
    pub(crate) faults: Faults,
    pub(crate) paging: Paging,
    pub(crate) pretty: bool,
}

/// One lock: requests are answered one after the other, and a test sees whole requests only.
pub(crate) type Shared = Arc<Mutex<Server>>;

pub(crate) fn lock(server: &Shared) -> MutexGuard<'_, Server> {
    server.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn router(server: Shared) -> Router {
    Router::new().fallback(respond).with_state(server)
}

async fn respond(
    State(server): State<Shared>,
    ConnectInfo(connection): ConnectInfo<ResetHandle>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let found = operation::find(method.as_str(), uri.path());
    let (order, mishap) = lock(&server).arrive(&method, &uri, authorization, found.as_ref());
    if !mishap.delay.is_zero() {
        tokio::time::sleep(mishap.delay).await;
    }
    let mut server = lock(&server);
    let answer = match &mishap.effect {
        Some(effect) if !effect.is_alteration() => Err(ApiError::unplanned("a fault")),
        _ => server.serve(found, authorization, &uri, &body),
    };
    let planned = !matches!(&answer, Err(error) if error.unplanned) || mishap.effect.is_some();
    let query = Query::parse(uri.query().unwrap_or_default());
    let response = match (mishap.effect, answer) {
        (Some(Effect::Refuse { status, body, header }), _) => {
            let response = json_response(status, body.to_string());
            header.into_iter().fold(response, |response, (name, value)| with_header(response, name, value))
        }
        (Some(Effect::Reset), _) => {
            connection.reset();
            return json_response(200, "");
        }
        (Some(Effect::Body(odd)), Ok(answer)) => odd.response(&answer.render(server.pretty)),
        (Some(Effect::Body(odd)), Err(_)) => odd.response(""),
        (Some(Effect::RepeatBookmark), Ok(Answer::Page(mut page))) => {
            let asked_with = query.get("bookmark").map(str::to_owned);
            page.bookmark = Some(asked_with.unwrap_or_else(|| paging::first_bookmark(uri.path(), &query)));
            json_response(200, Answer::Page(page).render(server.pretty))
        }
        (Some(Effect::DuplicateFirstItem), Ok(Answer::Page(mut page))) => {
            page.items.extend_from_within(..page.items.len().min(1));
            json_response(200, Answer::Page(page).render(server.pretty))
        }
        (Some(Effect::WithoutField(name)), Ok(Answer::Object(mut object))) => {
            object.as_object_mut().map(|fields| fields.remove(name));
            json_response(200, Answer::Object(object).render(server.pretty))
        }
        (_, Ok(answer)) => json_response(200, answer.render(server.pretty)),
        (_, Err(error)) => error.response(),
    };
    server.requests.answered(order, response.status().as_u16(), planned);
    response
}

impl Server {
    /// Keeps a request and tells what goes wrong with it.
    fn arrive(
        &mut self,
        method: &Method,
        uri: &Uri,
        authorization: Option<&str>,
        found: Option<&(&'static Operation, Vec<&str>)>,
    ) -> (usize, Mishap) {
        let operation = found.map(|(operation, _)| *operation);
        let query = uri.query().unwrap_or_default();
        let order = self.requests.arrive(SeenRequest {
            order: 0,
            method: method.to_string(),
            path: uri.path().to_owned(),
            query: query.to_owned(),
            operation: operation.map(|operation| operation.id),
            category: operation.map(|operation| operation.category),
            bearer: self.tokens.bearer(authorization),
            status: None,
            planned: operation.is_some(),
        });
        let path_and_query = format!("{}?{query}", uri.path());
        let is_later_page = Query::parse(query).get("bookmark").is_some();
        let mishap = operation
            .map(|operation| self.faults.strike(operation, &path_and_query, is_later_page))
            .unwrap_or_default();
        (order, mishap)
    }

    fn serve(
        &mut self,
        found: Option<(&'static Operation, Vec<&str>)>,
        authorization: Option<&str>,
        uri: &Uri,
        body: &[u8],
    ) -> Result<Answer, ApiError> {
        let Some((operation, ids)) = found else { return Err(ApiError::unplanned(uri.path())) };
        if let Serves::Token = operation.serves {
            return self.tokens.refresh(authorization, body).map(Answer::Object);
        }
        let bearer: Bearer = self.tokens.bearer(authorization);
        self.tokens.authorize(bearer, operation.scopes)?;
        self.limits.take(operation.category, Instant::now()).map_err(ApiError::rate_limited_for)?;
        let query = Query::parse(uri.query().unwrap_or_default());
        let unknown = query.pairs().iter().find(|(name, _)| !operation.parameters.contains(&name.as_str()));
        if let Some((name, _)) = unknown {
            return Err(ApiError::unplanned(format!("parameter {name} of {}", operation.id)));
        }
        ids.iter().try_for_each(|id| check_id("id in the path", id))?;
        self.look_up(operation, &ids, uri.path(), &query)
    }

    fn look_up(
        &self,
        operation: &Operation,
        ids: &[&str],
        path: &str,
        query: &Query,
    ) -> Result<Answer, ApiError> {
        let first = ids.first().copied().unwrap_or_default();
        let (kind, group) = match operation.serves {
            Serves::UserAccount | Serves::Token => return Ok(Answer::Object(self.data.user())),
            Serves::AdAccount => return self.ad_account(first).map(|found| Answer::Object(found.value())),
            Serves::OfUser(kind) => (kind, ""),
            Serves::OfAdAccount(kind) => self.ad_account(first).map(|_| (kind, first))?,
            Serves::OfBoard(kind) => self.board(first).map(|_| (kind, first))?,
            Serves::SectionPins => {
                let section = ids.get(1).copied().unwrap_or_default();
                self.board(first)?;
                let known = self.data.find_in(Kind::BoardSections, first, section);
                known.ok_or_else(|| ApiError::new(404, 404, "Board or section not found."))?;
                let passes = |stored: &Stored| stored.section_id() == Some(section);
                let pins = self.data.group(Kind::Pins, first);
                return self.paging.page(pins, path, query, passes).map(Answer::Page);
            }
        };
        let statuses = query.statuses()?;
        let [campaigns, ad_groups, ads] =
            [query.ids("campaign_ids")?, query.ids("ad_group_ids")?, query.ids("ad_ids")?];
        let owner = query.get("ad_account_id");
        let passes = |stored: &Stored| match kind {
            Kind::Campaigns => stored.has_status(&statuses) && is_wanted(&campaigns, Some(stored.id())),
            Kind::AdGroups => {
                let itself = is_wanted(&ad_groups, Some(stored.id()));
                stored.has_status(&statuses) && itself && is_wanted(&campaigns, stored.campaign_id())
            }
            Kind::Ads => {
                let parents = is_wanted(&campaigns, stored.campaign_id())
                    && is_wanted(&ad_groups, stored.ad_group_id());
                stored.has_status(&statuses) && parents && is_wanted(&ads, Some(stored.id()))
            }
            Kind::Keywords => {
                let one = query.get("ad_group_id").or_else(|| query.get("campaign_id"));
                is_wanted(&ad_groups, stored.parent_id())
                    && one.is_none_or(|id| stored.parent_id() == Some(id))
            }
            _ => owner.is_none_or(|owner| stored.owner().is_none_or(|of| of == owner)),
        };
        self.paging.page(self.data.group(kind, group), path, query, passes).map(Answer::Page)
    }

    fn ad_account(&self, id: &str) -> Result<&Stored, ApiError> {
        self.data.find_in(Kind::AdAccounts, "", id).ok_or_else(ApiError::ad_account_not_found)
    }

    fn board(&self, id: &str) -> Result<&Stored, ApiError> {
        self.data.find_in(Kind::Boards, "", id).ok_or_else(|| ApiError::new(404, 404, "Board not found."))
    }
}

/// Whether an id passes a filter that was perhaps not sent.
fn is_wanted(wanted: &Option<Vec<&str>>, id: Option<&str>) -> bool {
    wanted.as_ref().is_none_or(|wanted| id.is_some_and(|id| wanted.contains(&id)))
}
