using MonkeyCoder.Agent.Users;

namespace MonkeyCoder.Agent.Tests.Users;

public sealed class AccountFileTests : IDisposable
{
    private readonly string _etc = Directory.CreateTempSubdirectory("monkey-etc-").FullName;

    public void Dispose() => Directory.Delete(_etc, recursive: true);

    [Fact]
    public void Find_AmongBrokenLines_ReadsTheAccountAndItsGroups()
    {
        File.WriteAllText(Path.Combine(_etc, "passwd"), "\n:::\nx\nu:x:-1:5::/bad:\nu:x:4294967295:5::/bad:\nu:x:7:8:a comment:/home/u:/bin/sh\nu:x:9:9::/second:/bin/sh\n");
        File.WriteAllText(Path.Combine(_etc, "group"), "p:x:8:\na:x:20:u,v\nb:x:21:v\nbad:x:y:u\nc:x:22:v,u\nd:x:20:u\n");
        var account = AccountFile.Find(_etc, "u")!;
        Assert.Equal(("u", 7u, 8u, "/home/u"), (account.Name, account.UserId, account.GroupId, account.Home));
        Assert.Equal([8u, 20u, 22u], account.Groups);
        Assert.Null(AccountFile.Find(_etc, "v"));
        Assert.Null(AccountFile.Find(_etc, ""));
        Assert.Equal("p", AccountFile.Names(_etc, "group")[8]);
    }

    [Fact]
    public void Find_HomeThatIsNotAbsolute_IsTheRoot()
    {
        File.WriteAllText(Path.Combine(_etc, "passwd"), "u:x:7:8::home:\n");
        Assert.Equal("/", AccountFile.Find(_etc, "u")!.Home);
    }

    [Fact]
    public void Find_FilesAreMissingOrHuge_StaysBounded()
    {
        Assert.Null(AccountFile.Find(_etc, "u"));
        File.WriteAllText(Path.Combine(_etc, "passwd"), new string('x', AccountFile.MaxBytes) + "\nu:x:7:8::/home/u:\n");
        Assert.Null(AccountFile.Find(_etc, "u"));
    }
}
