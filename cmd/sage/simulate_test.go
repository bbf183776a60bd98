package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/capture"
	label "github.com/sage-rca/sage/internal/labels"
)

// shortly simulates a little of the chain.
func shortly(more ...string) []string {
	return append([]string{
		"simulate", "--app", "chain", "--seed", "3", "--warmup", "20s", "--incidents", "1", "--decoys", "1",
		"--length", "10s", "--gap", "5s", "--faults", "network_delay,regression",
	}, more...)
}

// requests reads a capture.
func requests(t *testing.T, path string) []capture.Request {
	t.Helper()
	r, err := capture.Open(path)
	require.NoError(t, err)
	defer r.Close()
	var out []capture.Request
	for {
		req, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		out = append(out, req)
	}
}

func TestSimulate_writesACaptureAndItsLabels(t *testing.T) {
	dir := t.TempDir()
	out, truth := filepath.Join(dir, "c.jsonl.zst"), filepath.Join(dir, "labels.json")
	var log bytes.Buffer
	require.NoError(t, run(t.Context(), shortly("--out", out, "--labels", truth, "--start", "2026-02-01T10:00:00Z"), io.Discard, &log))
	assert.Contains(t, log.String(), "2 incidents and decoys")

	var extent capture.Extent
	for _, req := range requests(t, out) {
		extent.Add(req)
	}
	begin := time.Date(2026, 2, 1, 10, 0, 0, 0, time.UTC)
	assert.WithinDuration(t, begin, extent.First, time.Second)
	assert.WithinDuration(t, begin.Add(50*time.Second), extent.Last, 5*time.Second)
	// 36 requests a second of 19 spans for 50 s; 1800 requests have a standard error
	// of 43, and the load drifts by up to 16 %.
	assert.InEpsilon(t, 36*19*50, extent.Spans, 0.3)
	assert.Greater(t, extent.Points, 1000)

	f, err := label.Read(truth)
	require.NoError(t, err)
	assert.Equal(t, "chain", f.Application)
	require.NotNil(t, f.Entry)
	assert.Equal(t, "edge-gateway", f.Entry.Service)
	assert.Equal(t, "POST /orders", f.Entry.Operation)
	assert.Equal(t, 10*time.Second, f.Window())
	assert.Greater(t, f.Entry.ThresholdS, 1.5*0.025)
	assert.Less(t, f.Entry.ThresholdS, 1.5*0.060)
	require.Len(t, f.Incidents, 2)
	decoys := 0
	for _, i := range f.Incidents {
		assert.False(t, i.Start.Before(begin.Add(20*time.Second)))
		if i.Decoy {
			decoys++
			continue
		}
		assert.Contains(t, []string{"network_delay", "regression"}, i.Fault)
		assert.Equal(t, 10*time.Second, i.End.Sub(i.Start))
		require.Len(t, i.Culprits, 1)
		assert.NotEmpty(t, i.Culprits[0].Service)
	}
	assert.Equal(t, 1, decoys)
}

// The same seed gives the same file, and what is sent is what would be written.
func TestSimulate_sendsWhatItWouldWrite(t *testing.T) {
	dir := t.TempDir()
	file, again := filepath.Join(dir, "a.jsonl"), filepath.Join(dir, "b.jsonl")
	for _, path := range []string{file, again} {
		require.NoError(t, run(t.Context(), shortly("--out", path), io.Discard, io.Discard))
	}
	one, err := os.ReadFile(file)
	require.NoError(t, err)
	two, err := os.ReadFile(again)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(one, two))

	received := filepath.Join(dir, "received.jsonl")
	rec, err := startRecorder(t.Context(), "127.0.0.1:0", received)
	require.NoError(t, err)
	require.NoError(t, run(t.Context(), shortly("--to", rec.server.Addr()), io.Discard, io.Discard))
	_, err = rec.stop()
	require.NoError(t, err)
	three, err := os.ReadFile(received)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(one, three))
}

func TestSimulate_refuses(t *testing.T) {
	out := filepath.Join(t.TempDir(), "c.jsonl")
	for name, args := range map[string][]string{
		"--app":         {"simulate", "--out", out},
		"no such app":   {"simulate", "--app", "none", "--out", out},
		"--out":         {"simulate", "--app", "chain"},
		"both":          {"simulate", "--app", "chain", "--out", out, "--to", "x:1"},
		"--speed":       shortly("--out", out, "--speed", "fast"),
		"--sample":      shortly("--out", out, "--sample", "2"),
		"--window":      shortly("--out", out, "--window", "0s"),
		"--start":       shortly("--out", out, "--start", "noon"),
		"fault":         shortly("--out", out, "--faults", "magic"),
		"doubles":       shortly("--out", out, "--doubles", "3"),
		"an operand":    shortly("--out", out, "operand"),
		"no such flag":  shortly("--nonsense"),
		"empty outputs": shortly("--out", ""),
	} {
		err := run(t.Context(), args, io.Discard, io.Discard)
		require.Error(t, err, name)
		require.ErrorAs(t, err, new(usageError), name)
	}
	assert.NoFileExists(t, out, "nothing is left of what cannot be carried out")
}

func TestSimulate_endsWhenNobodyListens(t *testing.T) {
	err := run(t.Context(), shortly("--to", "127.0.0.1:1", "--wait", "50ms"), io.Discard, io.Discard)
	require.ErrorContains(t, err, "simulate to 127.0.0.1:1")
}
