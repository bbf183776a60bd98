package ingest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSlotOf(t *testing.T) {
	of := func(key string) slot {
		c := slotNames.cellOf(key)
		if attributeNames[c].name != key {
			return noSlot
		}
		return slotNames.slots[c]
	}
	for _, n := range attributeNames[1:] {
		assert.Equal(t, n.slot, of(n.name), n.name)
		assert.Equal(t, noSlot, of("x"+n.name), n.name)
		assert.Equal(t, noSlot, of(n.name[1:]), n.name)
		assert.Equal(t, noSlot, of(strings.ToUpper(n.name)), n.name)
	}
	assert.Equal(t, noSlot, of(""))
	assert.Equal(t, noSlot, of("db.nam"))
}

// A table of some slots finds their names and no others.
func TestSlotTable_only(t *testing.T) {
	for _, of := range []slots{0, slotsOf(httpMethod, peerAddressOld), slotsOf(dbNamespaceOld), outcomeSlots} {
		few := slotNames.only(of)
		for k, n := range attributeNames[1:] {
			c := few.cellOf(n.name)
			if of>>n.slot&1 != 0 {
				assert.Equal(t, k+1, int(c), n.name)
			} else {
				assert.Zero(t, c, n.name)
			}
		}
	}
	assert.Equal(t, uint8(1), slotNames.cellOf("http.request.method"), "the whole table is as it was")
}
