package emulator

import (
	"fmt"
	"io"
	"net"
	"sync"
)

// Forward listens on the same port of another address and passes connections on to a service on 127.0.0.1, so that
// containers reach what can listen on one address only. Close the returned listener to end it.
func Forward(bind, target string) (net.Listener, error) {
	_, port, err := net.SplitHostPort(target)
	if err != nil {
		return nil, fmt.Errorf("forward to %s: %w", target, err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(bind, port))
	if err != nil {
		return nil, fmt.Errorf("listen on %s for containers: %w", bind, err)
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go pass(connection, target)
		}
	}()
	return listener, nil
}

func pass(client net.Conn, target string) {
	defer client.Close()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	var group sync.WaitGroup
	group.Go(func() { copyAndEnd(server, client) })
	group.Go(func() { copyAndEnd(client, server) })
	group.Wait()
}

// copyAndEnd passes the end of one direction on and leaves the other open.
func copyAndEnd(to, from net.Conn) {
	io.Copy(to, from)
	if half, can := to.(interface{ CloseWrite() error }); can {
		half.CloseWrite()
	}
}
