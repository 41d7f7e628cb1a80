using System.Diagnostics;
using Xunit;

namespace FleetEstimator.ClusterTests.State;

/// <summary>A Redis server of our own from the machine's binary, on a free port of loopback, in a temporary folder.</summary>
public sealed class RedisServer : IAsyncLifetime
{
    /// <summary>Why a test is skipped where the binary is missing.</summary>
    public const string Missing = "Redis is not installed (apt-get install redis-server)";

    /// <summary>The password, which must not appear anywhere.</summary>
    public const string Password = "open-barley";

    private static readonly string? Program = Servers.Find("redis-server");

    private readonly string _folder = Directory.CreateTempSubdirectory("fleet-estimator-redis-").FullName;
    private Process? _process;

    /// <summary>Whether there is a server.</summary>
    public static bool Installed => Program is not null;

    /// <summary>Its TCP port.</summary>
    public int Port { get; } = Servers.FreePort();

    /// <summary>StackExchange.Redis' configuration for it.</summary>
    public string Configuration => $"127.0.0.1:{Port},password={Password}";

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (!Installed)
            return;
        _process = Process.Start(new ProcessStartInfo(Program!, ["--port", $"{Port}", "--bind", "127.0.0.1", "--dir", _folder, "--appendonly", "yes", "--requirepass", Password])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        var printed = new System.Text.StringBuilder();
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            printed.AppendLine(line);
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal))
            {
                // Read on, or it would stop at a full pipe.
                _ = _process.StandardOutput.ReadToEndAsync();
                return;
            }
        }
        throw new InvalidOperationException($"redis-server ended:\n{printed}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
        Directory.Delete(_folder, recursive: true);
    }
}
