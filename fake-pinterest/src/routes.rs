//! Answers requests: faults first, then tokens and limits, then data.

use std::time::Duration;

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, Method, Uri, header},
    response::Response,
};
use tokio::time::Instant;

use crate::{
    analytics,
    answer::{Answer, ApiError, Pieces, json_response, with_header},
    connection::ResetHandle,
    control,
    data::{Kind, Stored},
    faults::{Alteration, Instead, Mishap, Strike},
    operation::{self, Operation, Serves},
    paging,
    query::{Query, check_id, is_wanted},
    requests::{Bearer, SeenRequest},
    server::{Server, Shared, lock},
};

/// The API, and the control door where it is asked for.
pub(crate) fn router(server: Shared, has_control_door: bool) -> Router {
    let api = Router::new().fallback(respond).with_state(server.clone());
    if has_control_door { api.nest(control::PREFIX, control::router(server)) } else { api }
}

async fn respond(
    State(server): State<Shared>,
    ConnectInfo(connection): ConnectInfo<ResetHandle>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(&server, &method, &uri, &headers, &body).await.unwrap_or_else(|| {
        connection.reset();
        json_response(200, "")
    })
}

/// Answers one request, however it came; none when its connection is to be reset.
pub(crate) async fn answer(
    server: &Shared,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<Response> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let found = operation::find(method.as_str(), uri.path());
    let (order, mishap) = lock(server).arrive(method, uri, authorization, body, found.as_ref());
    if !mishap.delay.is_zero() {
        tokio::time::sleep(mishap.delay).await;
    }
    let mut server = lock(server);
    let (mut response, planned) = match mishap.strike {
        Some(Strike::Instead(instead)) => (instead.response()?, true),
        Some(Strike::Alter(alteration)) => {
            let answer = server.serve(found, authorization, uri, body);
            (alteration.response(answer, uri, server.pretty), true)
        }
        None => {
            let answer = server.serve(found, authorization, uri, body);
            let planned = !matches!(&answer, Err(error) if error.unplanned);
            (response(answer, server.pretty), planned)
        }
    };
    for (name, value) in &mishap.headers {
        response.headers_mut().insert(name, value.clone());
    }
    server.requests.answered(order, response.status().as_u16(), planned);
    Some(response)
}

fn response(answer: Result<Answer, ApiError>, pretty: bool) -> Response {
    answer.map_or_else(|error| error.response(), |answer| answer.response(pretty))
}

impl Instead {
    /// What is sent; nothing when the connection is to be reset.
    fn response(self) -> Option<Response> {
        match self {
            Self::Reply { status, body, header } => {
                let response = json_response(status, body);
                Some(
                    header
                        .into_iter()
                        .fold(response, |response, (name, value)| with_header(response, name, value)),
                )
            }
            Self::Body(odd) => Some(odd.response("")),
            Self::Reset => None,
        }
    }
}

impl Alteration {
    /// The changed response, where there is something to be changed.
    fn response(self, answer: Result<Answer, ApiError>, uri: &Uri, pretty: bool) -> Response {
        let answer = match (self, answer) {
            (Self::Body(odd), Ok(answer)) => return odd.response(&answer.render(pretty)),
            (Self::Body(odd), Err(_)) => return odd.response(""),
            (Self::RepeatBookmark, Ok(Answer::Page(mut page))) => {
                let query = Query::parse(uri.query().unwrap_or_default());
                let asked_with = query.get("bookmark").map(str::to_owned);
                page.bookmark =
                    Some(asked_with.unwrap_or_else(|| paging::first_bookmark(uri.path(), &query)));
                Ok(Answer::Page(page))
            }
            (Self::DuplicateFirstItem, Ok(Answer::Page(mut page))) => {
                page.items.extend_from_within(..page.items.len().min(1));
                Ok(Answer::Page(page))
            }
            (Self::WithoutField(name), Ok(Answer::Object(mut object))) => {
                object.as_object_mut().map(|fields| fields.remove(name));
                Ok(Answer::Object(object))
            }
            (_, answer) => answer,
        };
        response(answer, pretty)
    }
}

impl Server {
    /// Keeps a request and tells what goes wrong with it.
    fn arrive(
        &mut self,
        method: &Method,
        uri: &Uri,
        authorization: Option<&str>,
        body: &[u8],
        found: Option<&(&'static Operation, Vec<&str>)>,
    ) -> (usize, Mishap) {
        let operation = found.map(|(operation, _)| *operation);
        let query = uri.query().unwrap_or_default();
        let order = self.requests.arrive(SeenRequest {
            order: 0,
            after: Duration::ZERO,
            method: method.to_string(),
            path: uri.path().to_owned(),
            query: query.to_owned(),
            body: operation
                .filter(|operation| matches!(operation.serves, Serves::CreateReport))
                .and_then(|_| serde_json::from_slice(body).ok()),
            operation: operation.map(|operation| operation.id),
            category: operation.map(|operation| operation.category).filter(|category| !category.is_empty()),
            bearer: self.tokens.bearer(authorization),
            status: None,
            planned: operation.is_some(),
        });
        let path_and_query = format!("{}?{query}", uri.path());
        let query = Query::parse(query);
        let is_later_page = query.get("bookmark").is_some();
        let mut mishap = operation
            .map(|operation| self.faults.strike(operation, &path_and_query, is_later_page))
            .unwrap_or_default();
        if operation.is_some_and(|operation| matches!(operation.serves, Serves::Analytics(_))) {
            mishap.delay = mishap.delay.saturating_add(self.batches.delay(&query));
        }
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
        let query = Query::parse(uri.query().unwrap_or_default());
        let first = ids.first().copied().unwrap_or_default();
        if let Serves::Download = operation.serves {
            return Ok(self.reports.download(first, authorization, &query, &self.data, &self.history));
        }
        let bearer: Bearer = self.tokens.bearer(authorization);
        self.tokens.authorize(bearer, operation.scopes)?;
        self.limits.take(operation.category, Instant::now()).map_err(ApiError::rate_limited_for)?;
        let unknown = query.pairs().iter().find(|(name, _)| !operation.takes(name));
        if let Some((name, _)) = unknown {
            return Err(ApiError::unplanned(format!("parameter {name} of {}", operation.id)));
        }
        ids.iter().try_for_each(|id| check_id("id in the path", id))?;
        match operation.serves {
            Serves::CreateReport => {
                self.ad_account(first)?;
                let created = self.reports.create(first, body, &self.history).map(Answer::Object);
                if matches!(&created, Err(error) if error.status == 429) {
                    self.limits.refused();
                }
                created
            }
            Serves::PollReport => {
                self.ad_account(first)?;
                self.reports.poll(first, &query, &self.data, &self.history)
            }
            _ => self.look_up(operation, &ids, uri.path(), &query),
        }
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
            Serves::UserAccount => return Ok(Answer::Object(self.data.user())),
            Serves::Board => return self.board(first).map(|found| Answer::Object(found.value())),
            Serves::UserAnalytics => {
                return analytics::of_user_account(&self.history, query).map(Answer::Object);
            }
            Serves::ReadyState => return analytics::ready_state(&self.history, query).map(Answer::Object),
            Serves::Analytics(level) => {
                self.ad_account(first)?;
                let rows = analytics::answer(&self.data, &self.history, self.batches, (level, first), query)?;
                return Ok(Answer::Pieces(Pieces::new(rows)));
            }
            Serves::Token | Serves::CreateReport | Serves::PollReport | Serves::Download => {
                return Err(ApiError::unplanned(operation.id));
            }
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
                return self.paging.page_of_pins(pins, path, query, passes).map(Answer::Page);
            }
        };
        if kind == Kind::Pins {
            let types = query.creative_types()?;
            let passes = |pin: &Stored| is_wanted(&types, pin.creative_type());
            return self
                .paging
                .page_of_pins(self.data.group(kind, group), path, query, passes)
                .map(Answer::Page);
        }
        let statuses = query.statuses("entity_statuses")?;
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
