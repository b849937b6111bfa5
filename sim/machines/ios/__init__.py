"""What iOS does: the path, the tunnel's life cycle, the provider process, on-demand rules, sockets."""
