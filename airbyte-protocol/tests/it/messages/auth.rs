//! The sign-in parts of SPEC.

use airbyte_protocol::{
    AdvancedAuth, AuthFlowType, AuthSpecification, Extra, OAuth2Specification, OAuthConfigSpecification,
    OAuthConnectorInput, OAuthStateParameter, PathStep,
};
use proptest::prelude::*;

use super::json::{maybe, object, path, some, text};

pub(super) fn advanced_auth() -> impl Strategy<Value = AdvancedAuth> {
    let flow = prop_oneof![Just(AuthFlowType::OAuth2), Just(AuthFlowType::OAuth1)];
    (maybe(flow), maybe(path()), maybe(text()), maybe(oauth_config())).prop_map(
        |(auth_flow_type, predicate_key, predicate_value, oauth_config_specification)| AdvancedAuth {
            auth_flow_type,
            predicate_key,
            predicate_value,
            oauth_config_specification,
            extra: Extra::new(),
        },
    )
}

pub(super) fn auth_specification() -> impl Strategy<Value = AuthSpecification> {
    (maybe(Just(AuthFlowType::OAuth2)), maybe(oauth2())).prop_map(|(auth_type, oauth2_specification)| {
        AuthSpecification { auth_type, oauth2_specification, extra: Extra::new() }
    })
}

fn oauth2() -> impl Strategy<Value = OAuth2Specification> {
    let step = prop_oneof![text().prop_map(PathStep::Field), any::<i64>().prop_map(PathStep::Place)];
    (maybe(some(step)), maybe(some(path())), maybe(some(path()))).prop_map(
        |(root_object, flow_init_parameters, flow_output_parameters)| OAuth2Specification {
            root_object,
            flow_init_parameters,
            flow_output_parameters,
            extra: Extra::new(),
        },
    )
}

fn oauth_config() -> impl Strategy<Value = OAuthConfigSpecification> {
    (maybe(object()), maybe(connector_input()), maybe(object()), maybe(object()), maybe(object())).prop_map(
        |(user, connector, output, server, server_output)| OAuthConfigSpecification {
            oauth_user_input_from_connector_config_specification: user,
            oauth_connector_input_specification: connector,
            complete_oauth_output_specification: output,
            complete_oauth_server_input_specification: server,
            complete_oauth_server_output_specification: server_output,
            extra: Extra::new(),
        },
    )
}

fn connector_input() -> impl Strategy<Value = OAuthConnectorInput> {
    let urls = (text(), maybe(text()), text());
    let request = (maybe(object()), maybe(object()), maybe(path()), maybe(state_parameter()));
    let keys = proptest::array::uniform7(maybe(text()));
    (urls, request, keys).prop_map(
        |((consent_url, scope, access_token_url), (headers, params, output, state), keys)| {
            let [client_id, client_secret, scope_name, state_name, code, redirect, expiry] = keys;
            OAuthConnectorInput {
                consent_url,
                scope,
                access_token_url,
                access_token_headers: headers,
                access_token_params: params,
                extract_output: output,
                state,
                client_id_key: client_id,
                client_secret_key: client_secret,
                scope_key: scope_name,
                state_key: state_name,
                auth_code_key: code,
                redirect_uri_key: redirect,
                token_expiry_key: expiry,
                extra: Extra::new(),
            }
        },
    )
}

fn state_parameter() -> impl Strategy<Value = OAuthStateParameter> {
    (maybe(any::<i64>()), maybe(any::<i64>())).prop_map(|(min, max)| OAuthStateParameter {
        min,
        max,
        extra: Extra::new(),
    })
}
