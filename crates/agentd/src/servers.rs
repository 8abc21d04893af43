//! `placet_fipa` as the daemon needs it.

use placet_core::ports::ServerError;
use placet_fipa::Client;

use crate::daemon::Directory;

impl Directory for Client {
    async fn challenge_endpoint(
        &self,
        issuer: &str,
        allow_http_loopback: bool,
    ) -> Result<Option<String>, ServerError> {
        let metadata = self.metadata(issuer, allow_http_loopback).await?;
        Ok(metadata.challenge_endpoint().map(str::to_owned))
    }
}
