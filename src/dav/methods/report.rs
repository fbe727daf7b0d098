//! REPORT: the root element of the body names the report. RFC 3253 §3.6.

use crate::dav::reports;
use crate::dav::request::{Request, read_xml};
use crate::dav::resource;
use crate::dav::xml::names::CALDAV;
use crate::domain::fault::{Condition, Fault};
use actix_web::HttpResponse;
use actix_web::web::Payload;

/// Runs the report that the body names, if the resource has it.
pub async fn answer(request: &Request<'_>, payload: &mut Payload) -> Result<HttpResponse, Fault> {
    let body = read_xml(payload, request.core.limits().xml_bytes).await?;
    let root = body.ok_or_else(|| Fault::BadRequest("a REPORT needs a body".into()))?;
    let mut resource = request.resource().await?;
    if !root.is(CALDAV, "free-busy-query") {
        resource = resource::seen(request.core, &request.actor, resource).await?;
    }
    let report = reports::find(&root.ns, &root.local)
        .filter(|report| report.kinds & resource.kind() != 0)
        .ok_or(Condition::SupportedReport)?;
    reports::run(report, request, resource, &root).await
}
