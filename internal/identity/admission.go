package identity

import (
	"strings"
	"sync"
)

// Other is the operation under which all operations of a service go that are
// beyond the bound of an Admission.
const Other = "other"

// Admission bounds the services and operations that are told apart, and so the
// memory of everything keyed by them: who comes first is admitted, and keeps
// its place while it is seen. It is safe for concurrent use; what is admitted
// already is found without allocation and under a shared lock.
//
// All times are event time. An Admission is deterministic: equal calls in equal
// order give equal answers.
type Admission struct {
	maxOperations int
	forget        int64

	mu       sync.RWMutex // guards everything below
	services table[Service, *operations]
}

// operations are those of one service, each with the one copy of its name that
// is handed out.
type operations = table[string, string]

// NewAdmission returns an Admission of at most maxServices services with
// maxOperations operations each, Other not counted. A service or operation
// that has not been seen for forget ns may give up its place to a new one: the
// one seen longest ago first, the least key among equals. It panics unless all
// three are positive.
func NewAdmission(maxServices, maxOperations int, forget int64) *Admission {
	if maxOperations <= 0 {
		panic("identity: bound of operations must be positive")
	}
	return &Admission{
		maxOperations: maxOperations,
		forget:        forget,
		services:      newTable[Service, *operations](maxServices, forget, Service.Compare),
	}
}

// Service reports whether s, seen at now, is admitted.
func (a *Admission) Service(s Service, now int64) bool {
	a.mu.RLock()
	e := a.services.entries[s]
	if e != nil {
		e.seen.touch(now)
	}
	refused := e == nil && a.services.refuses(now)
	a.mu.RUnlock()
	if e != nil || refused {
		return e != nil
	}

	a.mu.Lock()
	defer a.mu.Unlock()
	return a.service(s, now) != nil
}

// Operation returns r, seen at now, as it is to be known from here on: itself
// where its operation is admitted, and with the operation Other, and false,
// where its service, or the operations of its service, exceed their bound. It
// admits the service too. The operation returned shares no memory with r's.
func (a *Admission) Operation(r RPC, now int64) (RPC, bool) {
	if name, ok, known := a.find(r, now); known {
		return RPC{r.Service, name}, ok
	}

	a.mu.Lock()
	defer a.mu.Unlock()

	ops := a.service(r.Service, now)
	if ops == nil {
		return RPC{r.Service, Other}, false
	}
	if r.Operation == Other {
		return RPC{r.Service, Other}, true
	}
	name := strings.Clone(r.Operation)
	e := ops.admit(name, now)
	if e == nil {
		return RPC{r.Service, Other}, false
	}
	e.value = name
	return RPC{r.Service, name}, true
}

// Admit is Operation, and returns the places of the service and the operation.
// That of an operation that goes as Other is that of the service.
func (a *Admission) Admit(r RPC, now int64) (admitted RPC, service, operation Place, ok bool) {
	admitted, ok = a.Operation(r, now)

	a.mu.RLock()
	defer a.mu.RUnlock()
	s := a.services.entries[r.Service]
	if s == nil {
		return admitted, Place{}, Place{}, ok
	}
	service = a.place(&s.seen)
	operation = service
	if e := s.value.entries[admitted.Operation]; e != nil {
		operation = a.place(&e.seen)
	}
	return admitted, service, operation, ok
}

// AdmitService is Service, and returns the place.
func (a *Admission) AdmitService(s Service, now int64) (Place, bool) {
	if !a.Service(s, now) {
		return Place{}, false
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	if e := a.services.entries[s]; e != nil {
		return a.place(&e.seen), true
	}
	return Place{}, true
}

func (a *Admission) place(s *seen) Place { return Place{s, a.forget / grains} }

// find answers Operation where that changes nothing but times.
func (a *Admission) find(r RPC, now int64) (name string, ok, known bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()

	s := a.services.entries[r.Service]
	if s == nil {
		return Other, false, a.services.refuses(now)
	}
	s.seen.touch(now)
	if r.Operation == Other {
		return Other, true, true
	}
	if e := s.value.entries[r.Operation]; e != nil {
		e.seen.touch(now)
		return e.value, true, true
	}
	return Other, false, s.value.refuses(now)
}

// service returns the operations of s, admitted where there is room, or nil.
func (a *Admission) service(s Service, now int64) *operations {
	key := s
	if a.services.entries[s] == nil {
		key = Service{strings.Clone(s.Namespace), strings.Clone(s.Name)}
	}
	e := a.services.admit(key, now)
	if e == nil {
		return nil
	}
	if e.value == nil {
		ops := newTable[string, string](a.maxOperations, a.forget, strings.Compare)
		e.value = &ops
	}
	return e.value
}
