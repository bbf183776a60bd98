package main

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// A sender sends its requests to whoever takes them.
func TestSender(t *testing.T) {
	sink, err := startSink()
	if err != nil {
		t.Fatal(err)
	}
	l, err := newSpanLoad(usualShape.spans(), batchEvery)
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWireLoad(l, 0)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient(sink.address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(asIs{}), grpc.WaitForReady(true)))
	if err != nil {
		t.Fatal(err)
	}
	s := &sender{conn, w}
	if err := s.send(context.Background(), 3); err != nil {
		t.Error(err)
	}
	if w.elapsed != 3*batchEvery {
		t.Errorf("sent %s of spans", w.elapsed)
	}
	if err := sink.stop(); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := s.send(ctx, 1); err == nil {
		t.Error("what nobody takes is no error")
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}
