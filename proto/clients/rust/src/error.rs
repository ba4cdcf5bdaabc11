use std::fmt;

use crate::proto::api::v1::{Finding, RulesChange};

/// What can go wrong.
#[derive(Debug)]
pub enum Error {
    /// The server refused, or the connection broke.
    Status(Box<tonic::Status>),
    /// The connection can't be made as configured.
    Transport(tonic::transport::Error),
    /// A certificate file can't be read.
    Certificate { file: String, cause: std::io::Error },
    /// The validator found errors in rules; nothing has changed.
    Refused(RulesRefused),
    /// The input has ended.
    Closed,
}

/// Why rules were refused.
#[derive(Debug)]
pub struct RulesRefused {
    pub findings: Vec<Finding>,
    /// The validator's result as JSON.
    pub result: String,
}

impl Error {
    /// gRPC's code, where there is one.
    pub fn code(&self) -> Option<tonic::Code> {
        match self {
            Error::Status(status) => Some(status.code()),
            _ => None,
        }
    }
}

/// The change, or the error that it was refused with.
pub(crate) fn accepted(change: RulesChange) -> Result<RulesChange, Error> {
    if change.applied {
        return Ok(change);
    }
    Err(Error::Refused(RulesRefused {
        findings: change.findings,
        result: change.result,
    }))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Status(status) => write!(f, "{}: {}", status.code(), status.message()),
            Error::Transport(cause) => write!(f, "cannot connect: {cause}"),
            Error::Certificate { file, cause } => write!(f, "cannot read {file}: {cause}"),
            Error::Refused(refused) => {
                let first = refused
                    .findings
                    .iter()
                    .find(|finding| finding.severity == "error");
                write!(
                    f,
                    "rules refused: {}",
                    first.map_or("invalid", |finding| &finding.message)
                )
            }
            Error::Closed => write!(f, "the input is closed"),
        }
    }
}

impl std::error::Error for Error {}

impl From<tonic::Status> for Error {
    fn from(status: tonic::Status) -> Self {
        Error::Status(Box::new(status))
    }
}

impl From<tonic::transport::Error> for Error {
    fn from(cause: tonic::transport::Error) -> Self {
        Error::Transport(cause)
    }
}
