package main

import (
	"encoding/binary"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// wireLoad is a load as OTLP bytes, moved on in place: making new spans costs next to
// nothing beside receiving them. It is one sender's.
type wireLoad struct {
	batches []wireBatch
	at      int
	elapsed time.Duration
	spans   int // of a batch
}

// wireBatch is one request and where in it trace ids and times are.
type wireBatch struct {
	bytes []byte
	ids   []int // of the first eight bytes
	times []int
	moved time.Duration // since epoch
}

// newWireLoad copies a load; senders have different salts, so that their traces are
// different ones.
func newWireLoad(l *spanLoad, salt uint64) (*wireLoad, error) {
	w := &wireLoad{spans: l.spans}
	for _, b := range l.wire {
		batch := wireBatch{bytes: append([]byte(nil), b...)}
		// ExportTraceServiceRequest.resource_spans, ResourceSpans.scope_spans,
		// ScopeSpans.spans.
		if err := batch.find(0, len(b), []protowire.Number{1, 2, 2}); err != nil {
			return nil, fmt.Errorf("OTLP: %w", err)
		}
		for _, at := range batch.ids {
			id := batch.bytes[at:]
			binary.LittleEndian.PutUint64(id, binary.LittleEndian.Uint64(id)^salt)
		}
		w.batches = append(w.batches, batch)
	}
	return w, nil
}

// Fields of a span.
const (
	traceIDField = 1
	startField   = 7
	endField     = 8
)

// find notes trace ids and times of the spans below a path of fields.
func (b *wireBatch) find(from, to int, path []protowire.Number) error {
	for from < to {
		number, kind, n := protowire.ConsumeTag(b.bytes[from:to])
		if n < 0 {
			return protowire.ParseError(n)
		}
		value := from + n
		size := protowire.ConsumeFieldValue(number, kind, b.bytes[value:to])
		if size < 0 {
			return protowire.ParseError(size)
		}
		_, length := protowire.ConsumeVarint(b.bytes[value:to])
		switch {
		case len(path) > 0 && number == path[0] && kind == protowire.BytesType:
			if err := b.find(value+length, value+size, path[1:]); err != nil {
				return err
			}
		case len(path) > 0:
		case number == traceIDField:
			b.ids = append(b.ids, value+length)
		case number == startField || number == endField:
			b.times = append(b.times, value)
		}
		from = value + size
	}
	return nil
}

// next returns the next request, valid until the call after as many as there are
// batches; every is the event time that it covers.
func (w *wireLoad) next(every time.Duration) []byte {
	b := &w.batches[w.at%len(w.batches)]
	w.at++
	for _, at := range b.ids {
		id := b.bytes[at:]
		binary.LittleEndian.PutUint64(id, binary.LittleEndian.Uint64(id)+odd)
	}
	shift := w.elapsed - b.moved
	for _, at := range b.times {
		t := b.bytes[at:]
		binary.LittleEndian.PutUint64(t, binary.LittleEndian.Uint64(t)+uint64(shift))
	}
	b.moved = w.elapsed
	w.elapsed += every
	return b.bytes
}
