//! The part of a specification that lets a platform sign the user in.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Extra;
use crate::open_enum::open_enum;

open_enum! {
    /// The kind of sign-in.
    AuthFlowType {
        /// OAuth 2.0.
        OAuth2 = "oauth2.0",
        /// OAuth 1.0.
        OAuth1 = "oauth1.0",
    }
}

/// How a platform can sign the user in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AdvancedAuth {
    /// The kind of sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_flow_type: Option<AuthFlowType>,
    /// The path of the config field that says whether this way is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate_key: Option<Vec<String>>,
    /// The value of that field when it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate_value: Option<String>,
    /// Where the parts of the sign-in stand in the config.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth_config_specification: Option<OAuthConfigSpecification>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Where the parts of an OAuth sign-in stand in the config. The maps are JSON Schemas of flat objects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OAuthConfigSpecification {
    /// What the user enters before signing in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth_user_input_from_connector_config_specification: Option<Map<String, Value>>,
    /// How the sign-in works, for platforms that can do it without code of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth_connector_input_specification: Option<OAuthConnectorInput>,
    /// What the sign-in yields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_oauth_output_specification: Option<Map<String, Value>>,
    /// What the platform's operator configures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_oauth_server_input_specification: Option<Map<String, Value>>,
    /// Which of that goes into the config.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_oauth_server_output_specification: Option<Map<String, Value>>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How an OAuth sign-in works: URLs, and the names of parameters where a service has its own. Texts may hold
/// placeholders in double braces, which the platform fills in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OAuthConnectorInput {
    /// Where the user gives consent.
    pub consent_url: String,
    /// What the connector asks to be allowed, as one text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Where tokens are issued.
    pub access_token_url: String,
    /// Headers to send when a token is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_headers: Option<Map<String, Value>>,
    /// Parameters to send when a token is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_params: Option<Map<String, Value>>,
    /// Which fields of the answer go into the config.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extract_output: Option<Vec<String>>,
    /// How long the `state` parameter is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<OAuthStateParameter>,
    /// The service's name for `client_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id_key: Option<String>,
    /// The service's name for `client_secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_key: Option<String>,
    /// The service's name for `scope`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_key: Option<String>,
    /// The service's name for `state`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_key: Option<String>,
    /// The service's name for `code`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_code_key: Option<String>,
    /// The service's name for `redirect_uri`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uri_key: Option<String>,
    /// The service's name for the moment a token expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_expiry_key: Option<String>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How long the `state` parameter of a sign-in is, in characters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OAuthStateParameter {
    /// At least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// At most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Deprecated: how a platform could sign the user in before there was [`AdvancedAuth`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AuthSpecification {
    /// The kind of sign-in: OAuth 2.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<AuthFlowType>,
    /// Where its parts stand in the config.
    #[serde(rename = "oauth2Specification", default, skip_serializing_if = "Option::is_none")]
    pub oauth2_specification: Option<OAuth2Specification>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Where the parts of an OAuth 2.0 sign-in stand in the config.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OAuth2Specification {
    /// The path of the object that holds them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_object: Option<Vec<PathStep>>,
    /// The paths of what the sign-in needs, from the root object.
    #[serde(rename = "oauthFlowInitParameters", default, skip_serializing_if = "Option::is_none")]
    pub flow_init_parameters: Option<Vec<Vec<String>>>,
    /// The paths of what the sign-in yields, from the root object.
    #[serde(rename = "oauthFlowOutputParameters", default, skip_serializing_if = "Option::is_none")]
    pub flow_output_parameters: Option<Vec<Vec<String>>>,
    /// Fields that this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One step of a path in a config.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PathStep {
    /// A field of an object.
    Field(String),
    /// A place in a list; the first is 0.
    Place(i64),
}
