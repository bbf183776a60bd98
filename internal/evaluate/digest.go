package evaluate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// digest returns a SHA-256 of all figures but times.
func digest(r *Results) string {
	raw, err := json.Marshal(r)
	if err != nil {
		panic("evaluate: results are not JSON: " + err.Error()) // they are numbers and strings
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		panic("evaluate: own JSON: " + err.Error())
	}
	dropTimes(v)
	raw, err = json.Marshal(v) // maps in the order of their keys
	if err != nil {
		panic("evaluate: results are not JSON: " + err.Error())
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// dropTimes removes what differs between equal runs.
func dropTimes(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range []string{"verdict_ms", "train_s", "digest"} {
			delete(v, k)
		}
		for _, x := range v {
			dropTimes(x)
		}
	case []any:
		for _, x := range v {
			dropTimes(x)
		}
	}
}
