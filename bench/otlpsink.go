package main

import (
	"net"

	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // what exporters compress with
	"google.golang.org/grpc/mem"
)

const exportMethod = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

// otlpSink takes in spans and throws them away.
type otlpSink struct {
	*grpc.Server
	address string
	done    chan error
}

func startSink() (*otlpSink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &otlpSink{address: l.Addr().String(), done: make(chan error, 1)}
	s.Server = grpc.NewServer(grpc.ForceServerCodecV2(asIs{}), grpc.MaxRecvMsgSize(64<<20), grpc.UnknownServiceHandler(discard))
	go func() { s.done <- s.Serve(l) }()
	return s, nil
}

// discard reads a request and answers that all was taken.
func discard(_ any, stream grpc.ServerStream) error {
	var request []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	return stream.SendMsg([]byte{})
}

// stop ends the sink and waits for it.
func (s *otlpSink) stop() error {
	s.Stop()
	return <-s.done
}

// asIs is a codec of messages that are bytes already.
type asIs struct{}

// Name implements encoding.CodecV2.
func (asIs) Name() string { return "proto" }

// Marshal implements encoding.CodecV2.
func (asIs) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

// Unmarshal implements encoding.CodecV2.
func (asIs) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}
