package labels

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// document is what a file may hold: File, or the older form.
type document struct {
	File
	Faults []fault `json:"faults"`
}

// fault is one incident of the older form.
type fault struct {
	Fault     string    `json:"fault"`
	Service   string    `json:"service"`
	Mechanism string    `json:"mechanism"`
	Start     time.Time `json:"start"`
	End       time.Time `json:"end"`
}

// Read reads and checks a file. Its error tells of everything that is wrong.
func Read(path string) (*File, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	f, err := Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("labels: %s: %w", path, err)
	}
	return f, nil
}

// Parse reads and checks labels. Keys that it does not know are passed over.
func Parse(raw []byte) (*File, error) {
	var d document
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, err
	}
	if len(d.Faults) > 0 && len(d.Incidents) > 0 {
		return nil, errors.New("incidents and faults, of which the latter are the older form, cannot stand together")
	}
	for _, o := range d.Faults {
		d.Incidents = append(d.Incidents, Incident{
			Fault: o.Fault, Start: o.Start, End: o.End,
			Culprits: []Culprit{{Service: o.Service, Mechanism: o.Mechanism}},
		})
	}
	f := d.File
	if err := f.Validate(); err != nil {
		return nil, err
	}
	return &f, nil
}

// Write checks f and writes it, with the directory that it is to be in.
func Write(path string, f *File) error {
	if err := f.Validate(); err != nil {
		return fmt.Errorf("labels: %w", err)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(f); err != nil {
		return fmt.Errorf("labels: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("labels: %w", err)
	}
	if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
		return fmt.Errorf("labels: %w", err)
	}
	return nil
}
