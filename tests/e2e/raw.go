package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// DoRaw sends bytes to an address as they are, whether they are a request or not, and reads the answer up to the end of the connection. The bytes
// must ask for that end.
func DoRaw(ctx context.Context, address string, request []byte) (Answer, error) {
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return Answer{}, err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(Hanging)); err != nil {
		return Answer{}, err
	}
	// A server may answer and close before it has read everything; what it said counts then, not that the rest could not be written.
	_, writeErr := connection.Write(request)
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return Answer{}, fmt.Errorf("read answer: %w (written: %v)", err, writeErr)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("read body of answer: %w", err)
	}
	return Answer{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}
