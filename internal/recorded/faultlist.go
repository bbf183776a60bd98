package recorded

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// readFaults reads all fault lists of dir, by time: objects of lists by hour, or
// lists. A fault that two of them have is there once.
func readFaults(dir string, n notes) ([]fault, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*fault_list*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		n.add("no *fault_list.json, so that nothing is known to have been wrong", 1)
	}
	var out []fault
	for _, file := range files {
		var list faultList
		if err := readJSON(file, &list); err != nil {
			return nil, err
		}
		for _, l := range list {
			f, err := l.fault(n)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", filepath.Base(file), l.at, err)
			}
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b fault) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.pod, b.pod), cmp.Compare(a.kind, b.kind))
	})
	once := slices.Compact(slices.Clone(out))
	n.add("faults that are listed twice", len(out)-len(once))
	return once, nil
}

// faultList are the entries of a fault list.
type faultList []faultEntry

// faultEntry is one of them as it is written.
type faultEntry struct {
	at     string // where in the list
	fields map[string]any
}

// UnmarshalJSON takes a list of faults, or lists by hour.
func (l *faultList) UnmarshalJSON(raw []byte) error {
	hours := map[string][]map[string]any{}
	var flat []map[string]any
	if err := json.Unmarshal(raw, &hours); err != nil {
		if json.Unmarshal(raw, &flat) != nil {
			return fmt.Errorf("%w: want a list of faults, or lists by hour", err)
		}
		hours = map[string][]map[string]any{"": flat}
	}
	for _, hour := range slices.Sorted(maps.Keys(hours)) {
		for i, fields := range hours[hour] {
			*l = append(*l, faultEntry{strings.TrimSpace(fmt.Sprintf("fault %d %s", i+1, hour)), fields})
		}
	}
	return nil
}

// The names that the fields of a fault have, the first one in Nezha's format.
var (
	faultTimes  = [...]string{"inject_time", "time", "start_time", "start", "begin"}
	faultStamps = [...]string{"inject_timestamp", "timestamp"}
	faultPods   = [...]string{"inject_pod", "pod", "pod_name", "service"}
	faultKinds  = [...]string{"inject_type", "type", "fault_type", "fault"}
)

// text returns the first of some fields that is there, whatever its case.
func (e faultEntry) text(names []string) string {
	for _, name := range names {
		for _, k := range slices.Sorted(maps.Keys(e.fields)) {
			if !strings.EqualFold(k, name) {
				continue
			}
			switch v := e.fields[k].(type) {
			case string:
				return strings.TrimSpace(v)
			case float64:
				return fmt.Sprintf("%.0f", v)
			}
		}
	}
	return ""
}

// fault reads an entry. inject_timestamp is read where there is no inject_time, and
// only there: in places it differs from it, which is UTC, by a minute or hours.
func (e faultEntry) fault(n notes) (f fault, err error) {
	f = fault{pod: e.text(faultPods[:]), kind: e.text(faultKinds[:])}
	when := e.text(faultTimes[:])
	if when == "" {
		if when = e.text(faultStamps[:]); when != "" {
			n.at("faults without inject_time, of which inject_timestamp is read", e.at)
		}
	}
	if f.at, err = parseClock(when); err != nil {
		return f, fmt.Errorf("inject_time: %w", err)
	}
	if f.pod == "" {
		return f, errors.New("no inject_pod: name the pod, or the service, that the fault was in")
	}
	if f.kind == "" {
		n.at("faults without inject_type, taken as faults of code", e.at)
	}
	return f, nil
}
