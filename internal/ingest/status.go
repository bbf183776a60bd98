package ingest

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/callgraph"
)

// otherError is the error.type of failures that name none, as the semantic
// conventions have it.
const otherError = "_OTHER"

// grpcCodes are the names of gRPC status codes.
var grpcCodes = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
	"ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
	"UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
}

// statusSlots are the attributes that tell of failure where the status does not.
var statusSlots = slotsOf(httpStatus, httpStatusOld, rpcStatus, rpcStatusOld, errorTag, otelStatus)

// failureOf says whether a span failed, and how. It failed where its status is
// Error, or where its status is unset and its protocol says so: an HTTP status
// of 500 and above, or a gRPC status that is the callee's fault (on CLIENT
// spans any but OK), or its tags do. Its type is error.type, else the exception's, else the
// protocol's status, else "_OTHER".
func failureOf(kind callgraph.Kind, span ptrace.Span, a *attributes) (failed bool, errType string) {
	if a.present&statusSlots == 0 && span.Status().Code() != ptrace.StatusCodeError {
		return false, ""
	}
	grpc := grpcStatus(a)
	http := a.or(httpStatus, httpStatusOld)
	switch span.Status().Code() {
	case ptrace.StatusCodeOk:
		return false, ""
	case ptrace.StatusCodeError:
	default:
		if !serverError(http) && !grpcFault(kind, grpc) && !tagged(a) {
			return false, ""
		}
	}
	switch {
	case a.get(errorType) != "":
		errType = a.get(errorType)
	case exceptionType(span) != "":
		errType = exceptionType(span)
	case len(http) == 3 && http[0] >= '4':
		errType = http
	case grpc != "" && grpc != "OK":
		errType = grpc
	default:
		errType = otherError
	}
	return true, clean(errType)
}

// tagged reports whether tags say that a span failed, as what was converted from
// OpenTracing, Jaeger or Zipkin may have in place of a status: error = true or what went
// wrong, otel.status_code = ERROR.
func tagged(a *attributes) bool {
	e := a.get(errorTag)
	return e != "" && !strings.EqualFold(e, "false") && e != "0" || strings.EqualFold(a.get(otelStatus), "error")
}

func serverError(status string) bool { return len(status) == 3 && status[0] == '5' }

// grpcStatus returns the name of the status, whether it came as name or number.
func grpcStatus(a *attributes) string {
	s := a.or(rpcStatus, rpcStatusOld)
	if s == "" {
		return ""
	}
	if code, ok := plainNumber(s); ok && code < int64(len(grpcCodes)) {
		return grpcCodes[code]
	}
	return s
}

func grpcFault(kind callgraph.Kind, status string) bool {
	switch status {
	case "", "OK":
		return false
	case "UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS":
		return true
	}
	return kind == callgraph.Client
}

// exceptionType returns exception.type of the last exception event.
func exceptionType(span ptrace.Span) string {
	events := span.Events()
	for i := events.Len() - 1; i >= 0; i-- {
		if e := events.At(i); e.Name() == "exception" {
			if v, ok := e.Attributes().Get("exception.type"); ok {
				return text(v)
			}
		}
	}
	return ""
}
