//go:build tools

// Package tools names h2spec's command so that go.mod and go.sum cover it.
package tools

import _ "github.com/summerwind/h2spec/cmd/h2spec"
