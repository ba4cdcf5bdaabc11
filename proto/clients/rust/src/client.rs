use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::Stream;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::Streaming;

use crate::error::accepted;
use crate::proto::api::v1::{self as api, api_client::ApiClient};
use crate::proto::outputs::{self, service_client::ServiceClient as OutputsClient};
use crate::proto::version::{self, service_client::ServiceClient as VersionClient};
use crate::{Error, Input, Subscription};

const CERTS: &str = "/etc/falco/certs";
const MAX_MESSAGE: usize = 64 << 20;

/// Which falco, and with which certificates.
#[derive(Clone, Debug)]
pub struct Config {
    /// `unix:///path`, or `host:port` with mutual TLS.
    pub address: String,
    /// PEM files for `host:port`.
    pub cert: String,
    pub key: String,
    pub ca: String,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            address: "unix:///run/falco/falco.sock".into(),
            cert: format!("{CERTS}/client.crt"),
            key: format!("{CERTS}/client.key"),
            ca: format!("{CERTS}/ca.crt"),
        }
    }
}

/// A connection to falco: made at the first call, and again when it breaks. Cloning shares it.
#[derive(Clone)]
pub struct Client {
    /// Every call of the API, for those that this type has no method of its own for.
    pub api: ApiClient<Channel>,
    outputs: OutputsClient<Channel>,
    version: VersionClient<Channel>,
}

impl Client {
    /// Reads certificates now, and connects later. Has to be called within a tokio runtime.
    pub fn connect(config: Config) -> Result<Client, Error> {
        let channel = endpoint(&config)?
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10))
            .connect_lazy();
        Ok(Client {
            api: ApiClient::new(channel.clone()).max_decoding_message_size(MAX_MESSAGE),
            outputs: OutputsClient::new(channel.clone()).max_decoding_message_size(MAX_MESSAGE),
            version: VersionClient::new(channel),
        })
    }

    /// The versions of falco and of its rule engine.
    pub async fn version(&self) -> Result<version::Response, Error> {
        Ok(self
            .version
            .clone()
            .version(version::Request {})
            .await?
            .into_inner())
    }

    /// The alerts that are queued at the server now.
    pub async fn get(&self) -> Result<Streaming<outputs::Response>, Error> {
        Ok(self.outputs.clone().get(outputs::Request {}).await?.into_inner())
    }

    /// Alerts by the published service, until they are dropped or the connection breaks.
    pub async fn sub(&self) -> Result<Alerts, Error> {
        // One request; the stream of requests stays open, since its end is the subscription's.
        let (requests, receiver) = mpsc::channel(1);
        requests
            .send(outputs::Request {})
            .await
            .map_err(|_| Error::Closed)?;
        let stream = self
            .outputs
            .clone()
            .sub(ReceiverStream::new(receiver))
            .await?
            .into_inner();
        Ok(Alerts {
            stream,
            _requests: requests,
        })
    }

    /// Alerts that go on where they stopped when the connection breaks.
    pub fn subscribe(&self) -> Subscription {
        Subscription::new(self.api.clone())
    }

    /// Declares a source of events.
    pub async fn input(&self, source: &str, fields: Vec<api::Field>) -> Result<Input, Error> {
        Input::open(self.api.clone(), source, fields).await
    }

    /// Adds the rules, macros and lists of a rules file's text. `revision` may be empty.
    pub async fn create_rules(&self, content: &str, revision: &str) -> Result<api::RulesChange, Error> {
        accepted(
            self.api
                .clone()
                .create_rules(write(content, revision))
                .await?
                .into_inner(),
        )
    }

    /// Replaces rules, macros and lists that were made through the API.
    pub async fn update_rules(&self, content: &str, revision: &str) -> Result<api::RulesChange, Error> {
        accepted(
            self.api
                .clone()
                .update_rules(write(content, revision))
                .await?
                .into_inner(),
        )
    }

    /// Deletes what was made through the API.
    pub async fn delete_rules(&self, request: api::DeleteRulesRequest) -> Result<api::RulesChange, Error> {
        accepted(self.api.clone().delete_rules(request).await?.into_inner())
    }

    /// Switches rules on, by name or tag, whatever file defines them.
    pub async fn enable_rules(&self, request: api::SwitchRulesRequest) -> Result<api::RulesChange, Error> {
        accepted(self.api.clone().enable_rules(request).await?.into_inner())
    }

    /// Switches rules off, by name or tag, whatever file defines them.
    pub async fn disable_rules(&self, request: api::SwitchRulesRequest) -> Result<api::RulesChange, Error> {
        accepted(self.api.clone().disable_rules(request).await?.into_inner())
    }
}

/// The alerts of a subscription by the published service. Dropping them ends it.
pub struct Alerts {
    stream: Streaming<outputs::Response>,
    _requests: mpsc::Sender<outputs::Request>,
}

impl Stream for Alerts {
    type Item = Result<outputs::Response, tonic::Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.stream).poll_next(context)
    }
}

fn write(content: &str, revision: &str) -> api::WriteRulesRequest {
    api::WriteRulesRequest {
        content: content.into(),
        revision: revision.into(),
    }
}

fn endpoint(config: &Config) -> Result<Endpoint, Error> {
    if config.address.starts_with("unix:") {
        return Ok(Endpoint::from_shared(config.address.clone())?);
    }
    let read = |file: &str| {
        std::fs::read(file).map_err(|cause| Error::Certificate {
            file: file.into(),
            cause,
        })
    };
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(read(&config.ca)?))
        .identity(Identity::from_pem(read(&config.cert)?, read(&config.key)?));
    Ok(Endpoint::from_shared(format!("https://{}", config.address))?.tls_config(tls)?)
}
