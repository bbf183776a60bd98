package ingest

import (
	"strings"

	"github.com/sage-rca/sage/internal/callgraph"
)

// unnamed is the operation of spans that have no name at all.
const unnamed = "unnamed"

// operationOf names the RPC that a span serves or calls. The first row whose
// attributes are there decides; old names of attributes count as the new ones.
//
//	kind                attributes                                            name
//	SERVER              http.request.method, http.route                       GET /users/{id}
//	CLIENT              db.query.summary                                      SELECT orders
//	CLIENT              db.operation.name, db.collection.name                 SELECT orders
//	CLIENT              db.operation.name                                     SELECT
//	SERVER, CLIENT      rpc.service, rpc.method (or a qualified rpc.method)   pkg.Service/Method
//	all but SERVER      messaging.operation.name (or .type), destination      process orders
//	CLIENT              http.request.method, url.template                     GET /users/{id}
//	any                 -                                                     the span's name
//
// The destination of messages is its template where there is one; where it is
// temporary or anonymous the span's name stands. INTERNAL spans keep theirs. Spans without a
// kind are named as SERVER ones, and what they may call as of CLIENT ones.
// Identifiers in names were replaced before (interner.templates), but in routes and
// templates. It says whether the span's name had to do.
func operationOf(kind callgraph.Kind, a *attributes, name string, in *interner) (operation string, byName bool) {
	var op string
	switch kind {
	case callgraph.Server, callgraph.Unspecified, callgraph.SeemsServer, callgraph.SeemsClient:
		op = firstOf(httpOperation(a, a.get(httpRoute), in), rpcOperation(a, in))
	case callgraph.Client:
		op = firstOf(dbOperationName(a, in), rpcOperation(a, in))
		if op == "" {
			op = firstOf(messageOperation(a, in), httpOperation(a, a.get(urlTemplate), in))
		}
	case callgraph.Producer, callgraph.Consumer:
		op = messageOperation(a, in)
	case callgraph.Internal:
	}
	byName = op == ""
	if op = firstOf(op, name); op == "" {
		return unnamed, true
	}
	return clean(op), byName
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func httpOperation(a *attributes, path string, in *interner) string {
	method := a.or(httpMethod, httpMethodOld)
	if method == "" || path == "" {
		return ""
	}
	if method == "_OTHER" {
		method = "HTTP"
	}
	return in.join(method, ' ', path)
}

func rpcOperation(a *attributes, in *interner) string {
	service, method := a.get(rpcService), a.get(rpcMethod)
	if service == "" {
		if strings.Contains(method, "/") {
			return strings.TrimPrefix(method, "/")
		}
		return ""
	}
	if method == "" {
		return ""
	}
	if strings.Contains(method, "/") { // qualified already
		return strings.TrimPrefix(method, "/")
	}
	return in.join(service, '/', method)
}

func dbOperationName(a *attributes, in *interner) string {
	if a.get(dbSummary) != "" {
		return a.get(dbSummary)
	}
	operation, collection := a.or(dbOperation, dbOperationOld), a.or(dbCollection, dbCollectionOld)
	if operation == "" || collection == "" {
		return operation
	}
	return in.join(operation, ' ', collection)
}

func messageOperation(a *attributes, in *interner) string {
	operation := firstOf(a.or(msgOperation, msgOperationOld), a.get(msgOperationType))
	destination := destinationOf(a)
	if operation == "" || destination == "" {
		return "" // either alone says less than the span's name
	}
	return in.join(operation, ' ', destination)
}

// destinationOf names a queue or topic, or "" where its name is made up.
func destinationOf(a *attributes) string {
	if a.get(msgTemplate) != "" {
		return a.get(msgTemplate)
	}
	if a.get(msgTemporary) == "true" || a.get(msgAnonymous) == "true" {
		return ""
	}
	return a.or(msgDestination, msgDestinationOld)
}
