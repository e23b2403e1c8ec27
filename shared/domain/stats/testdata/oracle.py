import gzip, csv, json, math
from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times
from scipy import stats as S
from scipy.stats import betabinom
import numpy as np
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest
from statsmodels.stats.multitest import multipletests
rows=list(csv.DictReader(gzip.open('telco_customer_churn.csv.gz','rt')))
def km(rs):
    t=[int(r['tenure']) for r in rs]; e=[r['Churn']=='Yes' for r in rs]
    k=KaplanMeierFitter(); k.fit(t,e)
    ev=k.event_table; ci=k.confidence_interval_; s=k.survival_function_
    var=k._cumulative_sq_  # sum d/(n(n-d))
    out=[]
    for at in ev.index:
        if ev.loc[at,'observed']+ev.loc[at,'censored']==0: continue  # lifelines adds a row for time 0
        sh=float(s.loc[at].iloc[0])
        out.append([float(at),int(ev.loc[at,'at_risk']),int(ev.loc[at,'observed']),int(ev.loc[at,'censored']),sh,
          sh*math.sqrt(float(var.loc[at])),float(ci.loc[at].iloc[0]),float(ci.loc[at].iloc[1])])
    m=k.median_survival_time_
    return {'median': None if math.isinf(m) else m,'rows':out}
o={'kaplan_meier':{c:km([r for r in rows if c in('all',r['Contract'])]) for c in ['all','Month-to-month','One year','Two year']}}
rng=np.random.default_rng(13)
pairs=[(5,83,12,99),(14,28,16,30),(0,20,3,25),(20,20,18,20),(1396,3000,2422,3461),(120,2400,151,2391),(5000,100000,5100,100000),(3,4,1,9)]
o['pairs']=[]
def beats(a,n,b,m):
    A=(a+1,n-a+1);B=(b+1,m-b+1)
    sd=lambda x: math.sqrt(x[0]*x[1]/((x[0]+x[1])**2*(x[0]+x[1]+1)))
    from scipy import integrate
    mu=B[0]/sum(B);lo=max(0,mu-12*sd(B));hi=min(1,mu+12*sd(B))
    xs=np.linspace(lo,hi,41)
    f=lambda x:S.beta.pdf(x,*B)*S.beta.cdf(x,*A)
    p=sum(integrate.quad(f,xs[i],xs[i+1],epsabs=1e-14,epsrel=1e-13)[0] for i in range(40))
    # loss E[max(A-B,0)] = int F_B(x) (1-F_A(x)) dx
    muA=A[0]/sum(A);lo=max(0,min(mu-12*sd(B),muA-12*sd(A)));hi=min(1,max(mu+12*sd(B),muA+12*sd(A)))
    xs=np.linspace(lo,hi,41)
    g=lambda x:S.beta.cdf(x,*B)*S.beta.sf(x,*A)
    l=sum(integrate.quad(g,xs[i],xs[i+1],epsabs=1e-14,epsrel=1e-13)[0] for i in range(40))
    return p,l
for k1,n1,k2,n2 in pairs:
    tab=[[k1,n1-k1],[k2,n2-k2]]
    z,p=proportions_ztest([k1,k2],[n1,n2])
    nc=confint_proportions_2indep(k2,n2,k1,n1,method='newcomb',compare='diff')
    b,l=beats(k1,n1,k2,n2)
    y=S.chi2_contingency(tab,correction=True)
    c=S.chi2_contingency(tab,correction=False)
    o['pairs'].append(dict(of=[k1,n1,k2,n2],z=z,p=p,chi2=[c[0],c[1]],yates=[y[0],y[1]],fisher=S.fisher_exact(tab)[1],newcombe=[float(nc[0]),float(nc[1])],beats=b,loss=l))
xs=[rng.normal(10,2,12).round(3).tolist(),rng.normal(11,5,31).round(3).tolist()]
w=S.ttest_ind(xs[1],xs[0],equal_var=False); ci=w.confidence_interval()
o['welch']=dict(a=xs[0],b=xs[1],t=w.statistic,p=w.pvalue,freedom=w.df,low=ci.low,high=ci.high)
sr=S.chisquare([821,402,377],[800,400,400])
o['sample_ratio']=dict(observed=[821,402,377],weights=[.5,.25,.25],statistic=sr[0],p=sr[1])
ps=[.01,.04,.03,.005,.2,.9,.03,1]
o['benjamini_hochberg']=dict(p=ps,adjusted=multipletests(ps,method='fdr_bh')[1].tolist())
json.dump(o,open('oracle.json','w'),indent=None,default=float)
