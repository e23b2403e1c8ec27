package meter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"waymark/infra/cost/bill"
)

// endpoint is one service as one function reaches it.
type endpoint struct{ function, upstream string }

// call is one request of a function to a service.
type call struct {
	endpoint
	address string // of the meter, as the function knows it
	http    *http.Request
	body    []byte
}

// handler answers a call, by passing it on or by itself.
type handler func(c call) (answer, error)

// answer is what a service says.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// listen serves a service for a function and gives the address.
func (m *Meter) listen(e endpoint, serve handler) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if address := m.addresses[e]; address != "" {
		return address, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen between %s and %s: %w", e.function, e.upstream, err)
	}
	address := "http://" + listener.Addr().String()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the function ended
		}
		said, err := serve(call{endpoint: e, address: address, http: r, body: body})
		if err != nil {
			// A function that ends breaks its calls off; everything else would be missing in the bill.
			if !errors.Is(err, context.Canceled) {
				m.fail(err)
			}
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		said.write(w)
	})}
	go server.Serve(listener)
	m.endpoints[e], m.addresses[e] = server, address
	return address, nil
}

func (a answer) write(w http.ResponseWriter) {
	for name, values := range a.header {
		if name != "Content-Length" && name != "Transfer-Encoding" && name != "Connection" {
			w.Header()[name] = values
		}
	}
	if a.header.Get("Content-Length") != "" { // also of a HEAD, which has no body
		w.Header().Set("Content-Length", a.header.Get("Content-Length"))
	}
	w.WriteHeader(a.status)
	w.Write(a.body)
}

// pass sends a call on as it came.
func (m *Meter) pass(ctx context.Context, c call, header http.Header, body []byte) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, c.http.Method, c.upstream+c.http.URL.RequestURI(),
		bytes.NewReader(body))
	if err != nil {
		return answer{}, fmt.Errorf("pass on a call of %s: %w", c.function, err)
	}
	request.Header = header
	response, err := m.client.Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("pass on a call of %s: %w", c.function, err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, fmt.Errorf("pass on an answer to %s: %w", c.function, err)
	}
	return answer{response.StatusCode, response.Header, said}, nil
}

// operation is the name of an operation of AWS's JSON protocols.
func operation(header http.Header) string {
	_, name, _ := strings.Cut(header.Get("X-Amz-Target"), ".")
	return name
}

func (m *Meter) serveDynamoDB(c call) (answer, error) {
	ctx := c.http.Context()
	said, err := m.pass(ctx, c, c.http.Header, c.body)
	if err != nil {
		return answer{}, err
	}
	e := exchange{operation: operation(c.http.Header), request: c.body, status: said.status, answer: said.body}
	e.again = func(ctx context.Context, operation string, body []byte) ([]byte, error) {
		header := c.http.Header.Clone()
		header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
		header.Del("Content-Length")
		found, err := m.pass(ctx, c, header, body)
		if err == nil && found.status != http.StatusOK {
			err = fmt.Errorf("look again with %s: %s", operation, found.body)
		}
		return found.body, err
	}
	err = m.table.count(ctx, e, func(kind bill.Kind, parts int64) { m.add(c.function, kind, parts) })
	return said, err
}

// serveS3 counts by method. Deleting is free, and listing costs as much as writing.
func (m *Meter) serveS3(c call) (answer, error) {
	said, err := m.pass(c.http.Context(), c, c.http.Header, c.body)
	if err != nil {
		return answer{}, err
	}
	if kind, billed := s3Kind(c.http); billed {
		m.add(c.function, kind, 1)
	}
	return said, nil
}

func s3Kind(r *http.Request) (kind bill.Kind, billed bool) {
	bucket, object, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	switch {
	case r.Method == http.MethodDelete, r.Method == http.MethodPost && query.Has("delete"):
		return "", false
	case r.Method == http.MethodPut, r.Method == http.MethodPost:
		return bill.S3Put, true
	case r.Method == http.MethodGet && (bucket == "" || object == ""): // objects, versions, uploads or buckets
		return bill.S3Put, true
	}
	return bill.S3Get, true
}
