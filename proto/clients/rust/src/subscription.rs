use std::time::Duration;

use tonic::transport::Channel;
use tonic::{Code, Streaming};

use crate::proto::api::v1::{api_client::ApiClient, OutputsRequest, OutputsResponse};
use crate::proto::outputs::Response;
use crate::Error;

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// An alert with its position in the server's stream.
#[derive(Clone, Debug)]
pub struct Alert {
    pub response: Response,
    /// From 1.
    pub sequence: u64,
    /// Alerts before this one that are lost to this subscriber.
    pub missed: u64,
}

/// Alerts that go on where they stopped when the connection breaks.
pub struct Subscription {
    api: ApiClient<Channel>,
    position: OutputsRequest,
    stream: Option<Streaming<OutputsResponse>>,
    wait: Duration,
}

impl Subscription {
    pub(crate) fn new(api: ApiClient<Channel>) -> Self {
        Subscription {
            api,
            position: OutputsRequest::default(),
            stream: None,
            wait: FIRST_WAIT,
        }
    }

    /// The next alert. Reconnects as often as it takes; fails only with what another attempt can't mend.
    pub async fn next(&mut self) -> Result<Option<Alert>, Error> {
        loop {
            let failure = match self.receive().await {
                Ok(Some(alert)) => return Ok(Some(alert)),
                Ok(None) => None,
                Err(status) => Some(status),
            };
            self.stream = None;
            if let Some(status) = failure.filter(|status| !passing(status.code())) {
                return Err(status.into());
            }
            tokio::time::sleep(self.wait).await;
            self.wait = (self.wait * 2).min(LONGEST_WAIT);
        }
    }

    /// An alert, or nothing when the server has ended the stream.
    async fn receive(&mut self) -> Result<Option<Alert>, tonic::Status> {
        if self.stream.is_none() {
            self.stream = Some(self.api.outputs(self.position.clone()).await?.into_inner());
        }
        let Some(stream) = self.stream.as_mut() else {
            return Ok(None);
        };
        while let Some(message) = stream.message().await? {
            self.wait = FIRST_WAIT;
            self.position.after = message.sequence;
            if !message.instance.is_empty() {
                self.position.instance = message.instance;
            }
            if let Some(response) = message.alert {
                return Ok(Some(Alert {
                    response,
                    sequence: message.sequence,
                    missed: message.missed,
                }));
            }
        }
        Ok(None)
    }
}

/// The server is away or at its limit: another attempt may succeed.
fn passing(code: Code) -> bool {
    use Code::{DeadlineExceeded, Internal, ResourceExhausted, Unavailable, Unknown};
    matches!(
        code,
        Unavailable | ResourceExhausted | Internal | Unknown | DeadlineExceeded
    )
}
