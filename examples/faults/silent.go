//go:build linux && amd64

package main

import (
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"
)

// strangers are servers that are no SSH servers, by name.
func strangers() map[string]func(net.Conn) {
	endless := func(text string, pause time.Duration) func(net.Conn) {
		return func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, text); err != nil {
					return
				}
				time.Sleep(pause)
			}
		}
	}
	once := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			if _, err := io.WriteString(c, text); err == nil {
				_, _ = io.Copy(io.Discard, c)
			}
		}
	}
	return map[string]func(net.Conn){
		"tcp-silence":     once(""),
		"tcp-closes":      func(net.Conn) {},
		"tcp-slow":        endless("S", time.Second),
		"tcp-slow-banner": endless("comment\r\n", time.Second),
		"tcp-banners":     endless("comment before the version\r\n", 0),
		"tcp-line":        endless(strings.Repeat("x", 4096), 0),
		"tcp-http":        once("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
		"tcp-ssh-1":       once("SSH-1.5-old\r\n"),
		"tcp-version":     once("SSH-2.0-silent\r\n"),
		"tcp-garbage": func(c net.Conn) {
			r, b := rand.New(rand.NewPCG(1, 1)), make([]byte, 4096)
			_, _ = io.WriteString(c, "SSH-2.0-garbage\r\n")
			for {
				for n := range b {
					b[n] = byte(r.Uint32())
				}
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		},
		"tcp-echo":   func(c net.Conn) { _, _ = io.Copy(c, c) },
		"tcp-escape": once("SSH-2.0-\x1b[2J\x1b[31mred\r\n\x00\x00\x00\x01"),
	}
}

// listen serves connections as a stranger does, and gives the address.
func listen(act func(net.Conn)) (address string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				act(c)
			}()
		}
	}()
	return l.Addr().String(), func() { l.Close() }, nil
}
