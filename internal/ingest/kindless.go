package ingest

import "github.com/sage-rca/sage/internal/callgraph"

// Attributes that tell what a span without a kind looks like, besides those that name.
var lookSlots = slotsOf(requestSide, statement)

var (
	databaseSlots = slotsOf(dbSystem, dbSystemOld, statement)
	httpSlots     = slotsOf(httpMethod, httpMethodOld, httpRoute, requestSide)
	// Who is called: of a server these are hardly ever there, but server.address.
	calledSlots = slotsOf(peerService, peerServiceOld, serverAddress, serverAddressOld, urlFull, urlFullOld, peerAddress, peerAddressOld)
)

// lookOf returns what a span without a kind is, where its attributes alone tell, or what it
// looks like, until its trace tells (callgraph.Assembler.settle). The first that applies decides:
//
//	attributes                                          kind
//	messaging.operation.type process, receive, ...      CONSUMER
//	messaging.operation.type send, publish, ...         PRODUCER
//	db.system.name, db.statement, none of HTTP and RPC  CLIENT
//	http.route, url.path, client.address, ...           looks like a SERVER
//	an address or a name of who is called               looks like a CLIENT
//	of HTTP or RPC, but no address                      looks like a SERVER
//
// It is to be asked before locate.
func (a *attributes) lookOf() callgraph.Kind {
	switch firstOf(a.or(msgOperationType, msgOperationOld), a.get(msgOperation)) {
	case "process", "deliver", "receive", "consume", "poll":
		return callgraph.Consumer
	case "send", "publish", "create":
		return callgraph.Producer
	}
	rpc := a.present&slotsOf(rpcSystem, rpcSystemOld, rpcService) != 0
	switch {
	case a.present&databaseSlots != 0 && a.present&httpSlots == 0 && !rpc:
		return callgraph.Client
	case a.present&slotsOf(httpRoute, requestSide) != 0:
		return callgraph.SeemsServer
	case a.present&(calledSlots|slotsOf(msgSystem)) != 0:
		return callgraph.SeemsClient
	case a.present&httpSlots != 0 || rpc:
		return callgraph.SeemsServer
	}
	return callgraph.Unspecified
}

// failsAs returns the kind as which a span tells whether it failed.
func failsAs(kind callgraph.Kind) callgraph.Kind {
	if kind == callgraph.SeemsClient {
		return callgraph.Client
	}
	return kind
}

// composeCall names what a span that looks like a call is a call of, besides what it would
// serve: its trace tells which of the two it does.
func (i *Ingester) composeCall(s *scratch, g *signature, o *origin, a *attributes, name string, seen int64) (keep bool) {
	g.calls = &signature{role: role{kind: callgraph.Client}}
	keep = i.compose(s, g.calls, o, a, name, seen)
	g.callee, g.terminal, g.byName = g.calls.callee, g.calls.terminal, g.byName || g.calls.byName
	return keep
}
