package ingest

import (
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// slot is the place of one attribute that is read. Attributes that were renamed
// have one slot per name, since either may come first.
type slot uint8

const (
	noSlot slot = iota
	httpMethod
	httpMethodOld
	httpRoute
	httpStatus
	httpStatusOld
	httpContentType
	httpAccept
	urlTemplate
	urlFull
	urlFullOld
	rpcSystem
	rpcSystemOld
	rpcService
	rpcMethod
	rpcStatus
	rpcStatusOld
	dbSystem
	dbSystemOld
	dbNamespace
	dbNamespaceOld
	dbOperation
	dbOperationOld
	dbCollection
	dbCollectionOld
	dbSummary
	msgSystem
	msgOperation
	msgOperationOld
	msgOperationType
	msgDestination
	msgDestinationOld
	msgTemplate
	msgTemporary
	msgAnonymous
	peerService
	peerServiceOld
	serverAddress
	serverAddressOld
	serverHostOld
	peerAddress
	peerAddressOld
	errorType
	protocolName
	graphqlType
	numSlots
)

// slotOf returns where the attribute key is kept, or noSlot. Names as in
// OpenTelemetry semantic conventions 1.38; "Old" ones are of 1.20 and before.
func slotOf(key string) slot {
	switch key {
	case "http.request.method":
		return httpMethod
	case "http.method":
		return httpMethodOld
	case "http.route":
		return httpRoute
	case "http.response.status_code":
		return httpStatus
	case "http.status_code":
		return httpStatusOld
	case "http.response.header.content-type":
		return httpContentType
	case "http.request.header.accept":
		return httpAccept
	case "url.template":
		return urlTemplate
	case "url.full":
		return urlFull
	case "http.url":
		return urlFullOld
	case "rpc.system.name":
		return rpcSystem
	case "rpc.system":
		return rpcSystemOld
	case "rpc.service":
		return rpcService
	case "rpc.method":
		return rpcMethod
	case "rpc.response.status_code":
		return rpcStatus
	case "rpc.grpc.status_code":
		return rpcStatusOld
	case "db.system.name":
		return dbSystem
	case "db.system":
		return dbSystemOld
	case "db.namespace":
		return dbNamespace
	case "db.name":
		return dbNamespaceOld
	case "db.operation.name":
		return dbOperation
	case "db.operation":
		return dbOperationOld
	case "db.collection.name":
		return dbCollection
	case "db.sql.table", "db.mongodb.collection", "db.cassandra.table", "db.cosmosdb.container":
		return dbCollectionOld
	case "db.query.summary":
		return dbSummary
	case "messaging.system":
		return msgSystem
	case "messaging.operation.name":
		return msgOperation
	case "messaging.operation":
		return msgOperationOld
	case "messaging.operation.type":
		return msgOperationType
	case "messaging.destination.name":
		return msgDestination
	case "messaging.destination":
		return msgDestinationOld
	case "messaging.destination.template":
		return msgTemplate
	case "messaging.destination.temporary":
		return msgTemporary
	case "messaging.destination.anonymous":
		return msgAnonymous
	case "service.peer.name":
		return peerService
	case "peer.service":
		return peerServiceOld
	case "server.address":
		return serverAddress
	case "net.peer.name":
		return serverAddressOld
	case "http.host":
		return serverHostOld
	case "network.peer.address":
		return peerAddress
	case "net.peer.ip", "net.sock.peer.addr":
		return peerAddressOld
	case "error.type":
		return errorType
	case "network.protocol.name":
		return protocolName
	case "graphql.operation.type":
		return graphqlType
	}
	return noSlot
}

// attributes are the attributes of one span that matter. Empty is absent.
type attributes [numSlots]string

// read takes in what m holds.
func (a *attributes) read(m pcommon.Map) {
	*a = attributes{}
	for k, v := range m.All() {
		if s := slotOf(k); s != noSlot {
			a[s] = text(v)
		}
	}
}

// or returns the first of the slots that is not empty.
func (a *attributes) or(slots ...slot) string {
	for _, s := range slots {
		if a[s] != "" {
			return a[s]
		}
	}
	return ""
}

// text returns a scalar as a string, the first element of a list of strings
// (as headers are recorded), and "" for anything else.
func text(v pcommon.Value) string {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return v.Str()
	case pcommon.ValueTypeInt:
		return decimal(v.Int())
	case pcommon.ValueTypeBool:
		if v.Bool() {
			return "true"
		}
	case pcommon.ValueTypeSlice:
		if l := v.Slice(); l.Len() > 0 && l.At(0).Type() == pcommon.ValueTypeStr {
			return l.At(0).Str()
		}
	default: // a map, bytes or a double names nothing
	}
	return ""
}

// decimals are the small numbers in decimal, HTTP status codes among them, so
// that reading one does not allocate.
var decimals = func() (d [600]string) {
	for i := range d {
		d[i] = strconv.Itoa(i)
	}
	return d
}()

func decimal(n int64) string {
	if 0 <= n && n < int64(len(decimals)) {
		return decimals[n]
	}
	return strconv.FormatInt(n, 10)
}
