module gwanmun.io/third-party

go 1.19

require sigs.k8s.io/gateway-api v1.6.1
