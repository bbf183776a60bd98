package recorded

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
)

func TestWorkload_names(t *testing.T) {
	for pod, want := range map[string]string{
		// Of a ReplicaSet.
		"ts-order-service-7f94c8d5b9-x2kqz":  "ts-order-service",
		"ts-order2-service-cf9f644f47-d6vwz": "ts-order2-service",
		"cart-bcdfbcdfbc-xkqzw":              "cart", // a hash without a digit
		"cart-3921847560-xkqzw":              "cart", // as long ago
		"cart-0a1b2c3d4e-xkqzw":              "cart", // hexadecimal
		"web-v2-668d5f85fb-wckp8":            "web-v2",
		"ts-order-mongo-0-668d5f85fb-wckp8":  "ts-order-mongo-0",
		// Of a StatefulSet.
		"ts-order-mongo-0": "ts-order-mongo",
		"mysql-12":         "mysql",
		"web-2022":         "web-2022",
		// Of a DaemonSet: what precedes the random part is a name.
		"ts-order2-x7k2p":   "ts-order2",
		"node-v2-x7k2p":     "node-v2",
		"my-service2-x7k2p": "my-service2",
		"kafka-be2-x7k2p":   "kafka-be2",
		// Of none.
		"ts-order2": "ts-order2", "-x7k2p": "-x7k2p", "-0": "-0", "a-": "a-", "cart-abcde": "cart-abcde",
	} {
		assert.Equal(t, want, workload(pod), pod)
	}
}

// TestServiceOf finds the service of a fault whose pod is spelled in another way
// than those that have metrics.
func TestServiceOf(t *testing.T) {
	d := &day{known: map[identity.Service]bool{{Name: "cart"}: true, {Name: "cart-db"}: true}}
	for pod, want := range map[string]string{
		"cart-5f65-bbbb1": "cart", "cart": "cart", "cart-abcde-fghij": "cart", "cart-db-abcde-fghij": "cart-db",
		"cart-db-0": "cart-db", "cartoon": "", "other-5f65-bbbb1": "",
	} {
		s, ok := d.serviceOf(pod)
		assert.Equal(t, want != "", ok, pod)
		if ok {
			assert.Equal(t, want, s.Name, pod)
		}
	}
}
