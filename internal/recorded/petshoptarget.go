package recorded

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// target is what a target.json says of an issue.
type target struct {
	Target    oneOrMore[symptom] `json:"target"`
	RootCause json.RawMessage    `json:"root_cause"`
}

// symptom is where and when an issue was seen.
type symptom struct {
	Node      string `json:"node"`
	Metric    string `json:"metric"`
	Timestamp any    `json:"timestamp"`
}

// oneOrMore is a value or a list of such.
type oneOrMore[T any] []T

// UnmarshalJSON takes either.
func (o *oneOrMore[T]) UnmarshalJSON(raw []byte) error {
	var list []T
	if strings.HasPrefix(strings.TrimSpace(string(raw)), "[") {
		if err := json.Unmarshal(raw, &list); err != nil {
			return err
		}
		*o = list
		return nil
	}
	var one T
	if err := json.Unmarshal(raw, &one); err != nil {
		return err
	}
	*o = oneOrMore[T]{one}
	return nil
}

// readTarget reads a target.json into an issue: an object, or a list of objects of
// which the first is taken.
func (in *issue) readTarget(file string, n notes) error {
	var all oneOrMore[target]
	if err := readJSON(file, &all); err != nil {
		return err
	}
	if len(all) == 0 || len(all[0].Target) == 0 {
		return errors.New("target.json: no target: want node, metric and timestamp of the symptom")
	}
	n.add("targets after the first of an issue, not read", len(all)+len(all[0].Target)-2)
	symptom := all[0].Target[0]
	when := fmt.Sprint(symptom.Timestamp)
	if v, ok := symptom.Timestamp.(float64); ok {
		when = fmt.Sprintf("%f", v)
	}
	onset, err := parseClock(when)
	if err != nil {
		return fmt.Errorf("target.json: timestamp: %q is no time: want seconds since 1970", when)
	}
	in.target, in.metric, in.onset = symptom.Node, strings.ToLower(symptom.Metric), onset.UnixNano()
	if in.metric != Latency && in.metric != Availability {
		n.at("issues whose symptom is no latency and no availability, taken as latency", fmt.Sprintf("%s: %q", in.name, in.metric))
	}
	if in.culprit, err = rootNodes(all[0].RootCause); err != nil {
		return fmt.Errorf("target.json: root_cause: %w", err)
	}
	if in.target == "" {
		return errors.New("target.json: no node of the target, where the symptom was")
	}
	return nil
}

// rootNodes reads one root cause or a list of them.
func rootNodes(raw json.RawMessage) ([]string, error) {
	var several oneOrMore[struct {
		Node string `json:"node"`
	}]
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &several); err != nil {
			return nil, err
		}
	}
	var out []string
	for _, n := range several {
		if n.Node != "" {
			out = append(out, n.Node)
		}
	}
	if len(out) == 0 {
		return nil, errors.New(`no node: want {"node": "<where the fault was injected>"}`)
	}
	return out, nil
}
