use super::*;
pub(super) trait Ear: Send + Sync {
    fn take(&self, frame: &str, envelope: &super::wire::Envelope<'_>);
    fn ready(&self, user: Option<(String, String)>);
    fn lost(&self, reason: &str);
}
pub(super) async fn keep(
    _: std::sync::Arc<Settings>,
    _: std::sync::Arc<super::api::Api>,
    _: std::sync::Arc<dyn Ear>,
    _: tokio::sync::watch::Receiver<std::collections::BTreeSet<&'static str>>,
    _: tokio_util::sync::CancellationToken,
) {
}
