use std::collections::HashMap;
use std::time::SystemTime;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::Streaming;

use crate::proto::api::v1::{
    api_client::ApiClient, value::Kind, Declaration, Event, Field, InputsRequest, InputsResponse, Refusal,
    Value as WireValue, ValueList,
};
use crate::Error;

/// Events that may be sent and not yet acknowledged before `send` waits.
const WINDOW: u64 = 4096;

/// The value of a field.
#[derive(Clone, Debug)]
pub enum Value {
    Text(String),
    Number(u64),
    Truth(bool),
    List(Vec<Value>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Value::Number(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Value::Truth(truth)
    }
}

impl From<Value> for WireValue {
    fn from(value: Value) -> Self {
        let kind = match value {
            Value::Text(text) => Kind::Text(text),
            Value::Number(number) => Kind::Number(number),
            Value::Truth(truth) => Kind::Truth(truth),
            Value::List(values) => Kind::List(ValueList {
                values: values.into_iter().map(Into::into).collect(),
            }),
        };
        WireValue { kind: Some(kind) }
    }
}

/// An open source of events.
pub struct Input {
    requests: mpsc::Sender<InputsRequest>,
    replies: Streaming<InputsResponse>,
    next: u64,
    through: u64,
    /// Events that the server has taken.
    pub accepted: u64,
    /// Events that it has refused, and why; the input goes on.
    pub refusals: Vec<Refusal>,
}

impl Input {
    pub(crate) async fn open(
        mut api: ApiClient<Channel>,
        source: &str,
        fields: Vec<Field>,
    ) -> Result<Self, Error> {
        let (requests, receiver) = mpsc::channel(256);
        let declare = Some(Declaration {
            source: source.into(),
            fields,
        });
        let first = InputsRequest {
            declare,
            events: Vec::new(),
        };
        requests.send(first).await.map_err(|_| Error::Closed)?;
        let replies = api.inputs(ReceiverStream::new(receiver)).await?.into_inner();
        Ok(Input {
            requests,
            replies,
            next: 1,
            through: 0,
            accepted: 0,
            refusals: Vec::new(),
        })
    }

    /// Sends an event of now and returns its id; waits while the server is behind.
    pub async fn send<const N: usize>(&mut self, fields: [(&str, Value); N]) -> Result<u64, Error> {
        while self.next - self.through > WINDOW {
            self.receive().await?;
        }
        let id = self.next;
        let fields: HashMap<String, WireValue> = fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        let event = Event {
            id,
            time: Some(SystemTime::now().into()),
            fields,
        };
        let request = InputsRequest {
            declare: None,
            events: vec![event],
        };
        loop {
            tokio::select! {
                permit = self.requests.reserve() => {
                    permit.map_err(|_| Error::Closed)?.send(request);
                    self.next += 1;
                    return Ok(id);
                }
                // Acknowledgements are read while there is no room, or both sides would wait for each other.
                reply = self.replies.message() => {
                    let reply = reply?.ok_or(Error::Closed)?;
                    note(&mut self.through, &mut self.accepted, &mut self.refusals, reply);
                }
            }
        }
    }

    /// Ends the input when everything sent is acknowledged. Returns how many events were taken, and the refusals.
    pub async fn close(mut self) -> Result<(u64, Vec<Refusal>), Error> {
        drop(std::mem::replace(&mut self.requests, mpsc::channel(1).0));
        loop {
            match self.receive().await {
                Ok(()) => {}
                Err(Error::Closed) => return Ok((self.accepted, self.refusals)),
                Err(error) => return Err(error),
            }
        }
    }

    async fn receive(&mut self) -> Result<(), Error> {
        let reply = self.replies.message().await?.ok_or(Error::Closed)?;
        note(&mut self.through, &mut self.accepted, &mut self.refusals, reply);
        Ok(())
    }
}

fn note(through: &mut u64, accepted: &mut u64, refusals: &mut Vec<Refusal>, reply: InputsResponse) {
    *through = reply.through;
    *accepted = reply.accepted;
    refusals.extend(reply.refusals);
}
