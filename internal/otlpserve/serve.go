// Package otlpserve receives OTLP over gRPC and hands each export request to a
// function. It is what the command line tools and the end-to-end tests listen
// with; a Collector has its own receiver.
package otlpserve

import (
	"context"
	"errors"
	"net"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // exporters compress by default
	"google.golang.org/grpc/status"
)

// maxMessage bounds one request, in bytes.
const maxMessage = 64 << 20

// drain bounds how long Close waits for requests in flight.
const drain = 5 * time.Second

// Handlers receive the requests, from several goroutines at once; they own what
// they are given. An error refuses the request and reaches the sender as
// Internal. A signal without a handler is refused as Unimplemented.
type Handlers struct {
	Traces  func(ptrace.Traces) error
	Metrics func(pmetric.Metrics) error
	Logs    func(plog.Logs) error
}

// Server is a running receiver.
type Server struct {
	addr net.Addr
	grpc *grpc.Server
	done chan error
}

// Listen starts a receiver on addr (host:port; port 0 takes a free one).
func Listen(ctx context.Context, addr string, h Handlers) (*Server, error) {
	lis, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &Server{
		addr: lis.Addr(),
		grpc: grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage)),
		done: make(chan error, 1),
	}
	if h.Traces != nil {
		ptraceotlp.RegisterGRPCServer(s.grpc, &traces{handle: h.Traces})
	}
	if h.Metrics != nil {
		pmetricotlp.RegisterGRPCServer(s.grpc, &metrics{handle: h.Metrics})
	}
	if h.Logs != nil {
		plogotlp.RegisterGRPCServer(s.grpc, &logs{handle: h.Logs})
	}
	go func() { s.done <- s.grpc.Serve(lis) }()
	return s, nil
}

// Addr is where s listens, as host:port.
func (s *Server) Addr() string { return s.addr.String() }

// Close finishes requests in flight, for some seconds at most, and returns when
// the listener is gone and no handler runs any more. Call it once.
func (s *Server) Close() error {
	hard := time.AfterFunc(drain, s.grpc.Stop)
	defer hard.Stop()
	s.grpc.GracefulStop()
	if err := <-s.done; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return nil
}

type traces struct {
	ptraceotlp.UnimplementedGRPCServer
	handle func(ptrace.Traces) error
}

func (t *traces) Export(_ context.Context, req ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	return ptraceotlp.NewExportResponse(), refused(t.handle(req.Traces()))
}

type metrics struct {
	pmetricotlp.UnimplementedGRPCServer
	handle func(pmetric.Metrics) error
}

func (m *metrics) Export(_ context.Context, req pmetricotlp.ExportRequest) (pmetricotlp.ExportResponse, error) {
	return pmetricotlp.NewExportResponse(), refused(m.handle(req.Metrics()))
}

type logs struct {
	plogotlp.UnimplementedGRPCServer
	handle func(plog.Logs) error
}

func (l *logs) Export(_ context.Context, req plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	return plogotlp.NewExportResponse(), refused(l.handle(req.Logs()))
}

func refused(err error) error {
	if err == nil {
		return nil
	}
	return status.Error(codes.Internal, err.Error())
}
