package collect

import (
	"crypto/subtle"
	"net/netip"

	"waymark/shared/adapter/httpapi"
)

// Headers of the edge: what proves that it is the edge, and whose request it brings.
const (
	proofHeader  = "waymark-edge-proof"
	viewerHeader = "waymark-viewer"
)

// viewer is the address from which a request comes. To the gateway every request by the edge comes from CloudFront, so the edge says it; nobody else
// is believed, for whoever may choose an address passes by the limits of one.
func (h *Handler) viewer(r httpapi.Request) string {
	if h.EdgeProof == "" || subtle.ConstantTimeCompare([]byte(r.Headers[proofHeader]), []byte(h.EdgeProof)) != 1 {
		return r.SourceIP
	}
	address, err := netip.ParseAddr(r.Headers[viewerHeader])
	if err != nil {
		return r.SourceIP
	}
	return address.String()
}
