// Package incidentexporter is the Collector exporter "incident": it takes the
// root-cause events out of a logs pipeline and delivers them to where people act,
// Alertmanager, PagerDuty and webhooks, several at once.
//
// # How it is put together
//
//	ConsumeLogs -> pick -> queue, retry -> alertmanager    (state: what fires)
//	                    -> queue, retry -> pagerduty       (one event after another)
//	                    -> queue, retry -> webhook NAME
//
// Every destination stands behind an exporterhelper of its own, so that one that
// is down neither delays the others nor makes them get an event twice. Each has a
// book of the incidents that it was told of, which keeps order: what is older than
// the last delivered is never delivered after it.
//
// # What identifies an alert
//
// The labels of an alert in Alertmanager are its identity: the same labels are the
// same alert. So they are what stays the same while an incident lasts (service,
// operation, objective, severity), and what it takes time to find out, or may
// change, is annotations: the cause, its probability, the path. The incident's ID is
// an annotation too: it would make a silence or an inhibition useless when the same
// objective is violated again. PagerDuty has a key for what is one incident there:
// its deduplication key is the incident's ID.
package incidentexporter
