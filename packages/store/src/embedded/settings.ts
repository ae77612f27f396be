/**
 * Settings of the embedded server, given on its command line so that they hold for old clusters too. Durability is never
 * traded (fsync, full pages, synchronous commit); memory and processes are kept small, because the whole product has to
 * fit into a small machine. Messages are terse and without statements: both could carry personal values.
 */
export function serverArguments(cluster: string, socketFolder: string, major: number): string[] {
  const settings: Record<string, string> = {
    listen_addresses: "",
    unix_socket_directories: `"${socketFolder.replaceAll('"', '""')}"`,
    unix_socket_permissions: "0700",
    max_connections: "60",
    fsync: "on",
    full_page_writes: "on",
    synchronous_commit: "on",
    shared_buffers: "32MB",
    huge_pages: "off",
    jit: "off",
    work_mem: "4MB",
    maintenance_work_mem: "32MB",
    min_wal_size: "16MB",
    max_wal_size: "512MB",
    max_wal_senders: "0",
    wal_level: "minimal",
    max_logical_replication_workers: "0",
    max_parallel_workers_per_gather: "0",
    max_parallel_maintenance_workers: "0",
    autovacuum_max_workers: "1",
    timezone: "UTC",
    log_timezone: "UTC",
    logging_collector: "off",
    log_destination: "stderr",
    log_line_prefix: "%e ",
    log_error_verbosity: "terse",
    log_min_error_statement: "panic",
    log_checkpoints: "off",
    cluster_name: "holdfast",
    // Reads in the background need processes of their own, and our tables are small.
    ...(major >= 18 ? { io_method: "sync" } : {}),
  };
  return ["-D", cluster, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
}
