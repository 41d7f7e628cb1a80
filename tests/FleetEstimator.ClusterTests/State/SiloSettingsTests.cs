using System.Net;
using FleetEstimator.Server.State;
using Xunit;

namespace FleetEstimator.ClusterTests.State;

public class SiloSettingsTests
{
    private static readonly SiloSettings Right = new() { PostgreSql = "Host=db.example;Database=fleet;Username=fleet;Password=open-sesame" };

    public static TheoryData<string, SiloSettings> Wrong => new()
    {
        { nameof(SiloSettings.PostgreSql), Right with { PostgreSql = "postgres://fleet:open-sesame@db.example/fleet" } },
        { nameof(SiloSettings.PostgreSql), Right with { PostgreSql = "Host=db.example;Timeout=open-sesame" } },
        { nameof(SiloSettings.PostgreSql), Right with { PostgreSql = "Database=fleet;Password=open-sesame" } },
        { nameof(SiloSettings.PostgreSql), Right with { PostgreSql = "" } },
        { nameof(SiloSettings.Redis), Right with { Redis = "" } },
        { nameof(SiloSettings.Redis), Right with { Redis = "redis.example,connectTimeout=open-sesame" } },
        { nameof(SiloSettings.ClusterId), Right with { ClusterId = "" } },
        { nameof(SiloSettings.ClusterId), Right with { ClusterId = "a/b" } },
        { nameof(SiloSettings.Name), Right with { Name = " " } },
        { nameof(SiloSettings.Address), Right with { Address = IPAddress.Any } },
        { nameof(SiloSettings.Port), Right with { Port = 0 } },
        { nameof(SiloSettings.Port), Right with { Port = 65_536 } },
        { nameof(SiloSettings.DatabasePatience), Right with { DatabasePatience = TimeSpan.FromSeconds(-1) } },
    };

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public void WrongSetting_IsNamed_AndPasswordsAreNot(string setting, SiloSettings settings)
    {
        var refused = Assert.Throws<SiloSettingException>(settings.Validate);

        Assert.Equal(setting, refused.Setting);
        Assert.StartsWith($"{setting}: ", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("open-sesame", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void RightSettings_ArePrintedWithoutPasswords()
    {
        var settings = Right with { Redis = "redis.example:6380,password=open-sesame", Name = "one" };

        settings.Validate();

        Assert.Equal("silo one of fleet-estimator at 127.0.0.1:11111, state in PostgreSQL at db.example:5432/fleet, membership in Redis at Unspecified/redis.example:6380",
            settings.ToString());
    }
}
