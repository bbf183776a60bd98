package ingest

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/callgraph"
)

// isStream reports whether a span waits rather than works, so that its length
// says nothing about how fast anything is. Only conventions decide:
//
//   - a protocol switch: HTTP status 101, a request to upgrade to a websocket, or
//     network.protocol.name "websocket";
//   - server-sent events and endless multipart: the response's content type, or
//     a request that accepts nothing but text/event-stream;
//   - a streaming RPC: a second message in one direction;
//   - a GraphQL subscription;
//   - a blocking receive (receives).
func isStream(kind callgraph.Kind, span ptrace.Span, a *attributes) bool {
	if a.or(httpStatus, httpStatusOld) == "101" {
		return true
	}
	if a.present&rareStreamSlots == 0 {
		return false
	}
	if a.get(protocolName) == "websocket" || a.get(graphqlType) == "subscription" || a.get(httpUpgrade) == "websocket" {
		return true
	}
	if t := a.get(httpContentType); strings.HasPrefix(t, eventStream) || strings.HasPrefix(t, "multipart/x-mixed-replace") {
		return true
	}
	if a.get(httpAccept) == eventStream {
		return true
	}
	if (kind == callgraph.Client || kind == callgraph.Consumer) && receives(a) {
		return true
	}
	return a.or(rpcSystem, rpcSystemOld) != "" && streamsMessages(span)
}

// receives reports whether a CLIENT or CONSUMER span waits for something to be there:
// messaging.operation.type (or the older messaging.operation) "receive"; an operation
// named so, or "poll"; a command of a store that blocks until there is an element; the
// call by which AWS SQS is polled.
func receives(a *attributes) bool {
	if a.or(msgOperationType, msgOperationOld) == "receive" {
		return true
	}
	if op := a.get(msgOperation); op != "" && a.get(msgOperationType) == "" && (op == "receive" || op == "poll") {
		return true
	}
	switch a.or(dbOperation, dbOperationOld) {
	case "BLPOP", "BRPOP", "BRPOPLPUSH", "BLMOVE", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP", "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE":
		return true
	}
	return a.get(rpcMethod) == "ReceiveMessage" && a.or(rpcSystem, rpcSystemOld) == "aws-api"
}

// rareStreamSlots are the attributes without any of which, and without an HTTP
// status, a span is no stream.
var rareStreamSlots = slotsOf(protocolName, graphqlType, httpContentType, httpAccept, httpUpgrade,
	msgOperation, msgOperationType, msgOperationOld, dbOperation, dbOperationOld, rpcSystem, rpcSystemOld)

const eventStream = "text/event-stream"

// streamsMessages reports whether the span recorded more messages of an RPC
// than one request and one response.
func streamsMessages(span ptrace.Span) bool {
	events := span.Events()
	if events.Len() <= 2 {
		return false
	}
	messages := 0
	for i := range events.Len() {
		if name := events.At(i).Name(); name == "rpc.message" || name == "message" {
			if messages++; messages > 2 {
				return true
			}
		}
	}
	return false
}
